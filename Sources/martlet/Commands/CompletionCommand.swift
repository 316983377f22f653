import CommandLine

struct CompletionCommand: SelfDescribingCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "completion", abstract: "Write the script by which a shell completes these commands",
            discussion: "'make install' and the Debian package put the scripts where the shells look for them.",
            examples: [
                Example("in this bash, or for ever in ~/.bashrc", "source <(martlet completion bash)"),
                Example("for zsh, in a directory of $fpath", "martlet completion zsh > ~/.zsh/completions/_martlet"),
                Example("for fish", "martlet completion fish > ~/.config/fish/completions/martlet.fish"),
            ], seeAlso: ["martlet manual"])
    }

    @Argument(valueName: "SHELL", help: "The shell.")
    var shell: Completion.Shell

    func text(of program: CommandDeclaration) -> String { Completion(program, shell: shell).script }
}
