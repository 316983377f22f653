/// A script that teaches a shell to complete a program's commands, options and values.
public struct Completion {
    /// The shells that scripts can be made for.
    public enum Shell: String, CaseIterable, Sendable, ExpressibleByArgument {
        case bash, zsh, fish
    }

    private let root: CommandDeclaration
    private let shell: Shell

    public init(_ root: CommandDeclaration, shell: Shell) {
        self.root = root
        self.shell = shell
    }

    /// The script; sourcing it, or putting it where the shell looks for completions, is all that it needs.
    public var script: String {
        switch shell {
        case .bash: BashCompletion(root: root).script
        case .zsh: ZshCompletion(root: root).script
        case .fish: FishCompletion(root: root).script
        }
    }
}
