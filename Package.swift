// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library of Martlet: `Sources/<name>`, with the imports of docs/ARCHITECTURE.md.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

func tests(
    _ subject: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(subject)Tests", dependencies: [.byName(name: subject)] + dependencies, exclude: exclude,
        resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .library(name: "MartletTesting", targets: ["MartletTesting"]),
    ],
    targets: [
        // C libraries
        .target(name: "CSystem", exclude: ["README.md"], cSettings: [.define("_GNU_SOURCE")]),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CZstd"),
        .systemLibrary(name: "CLz4"),
        .systemLibrary(name: "CSnappy"),
        .target(name: "CProgram", exclude: ["README.md"]),
        .target(name: "CMicrohttpd", exclude: ["README.md"], cSettings: [.define("_GNU_SOURCE")]),
        .target(
            name: "CRe2", exclude: ["README.md"],
            linkerSettings: [.linkedLibrary(":libre2.a"), .linkedLibrary("stdc++")]),

        // Leaves
        room("Collections"),
        room("CommandLine"),
        room("Metrics"),
        room("Bytes", ["CSystem"]),
        room("Logging", ["CSystem"]),
        room("Files", ["Bytes", "CSystem"]),

        // Protocol and records
        room("KafkaProtocol", ["Bytes"]),
        room("KafkaProtocolMore", ["Bytes", "KafkaProtocol"]),
        .executableTarget(name: "MessageGenerator", exclude: ["README.md"], swiftSettings: strict),
        .target(
            name: "Records", dependencies: ["Bytes", "CSystem", "CZlib", "CZstd", "CLz4", "CSnappy"],
            exclude: ["README.md"], swiftSettings: strict,
            linkerSettings: [
                .linkedLibrary(":libzstd.a"), .linkedLibrary(":liblz4.a"), .linkedLibrary(":libsnappy.a"),
                .linkedLibrary(":libz.a"), .linkedLibrary("stdc++"),
            ]),

        // Cores and their shells
        room("Configuration"),
        room("Runtime", ["Bytes", "CSystem", "Collections", "Logging", "Metrics"]),
        room("HTTPServer", ["CMicrohttpd", "Logging", "Runtime"]),
        room("LogStorage", ["Bytes", "Records", "Files"]),
        room("DiskScheduler", ["Bytes", "Files", "LogStorage", "Metrics", "Runtime"]),
        room("Metadata", ["Bytes", "Collections", "KafkaProtocol", "Configuration"]),
        room("Quotas", ["Metadata"]),
        room("Controller", ["Bytes", "Metadata", "KafkaProtocol", "KafkaProtocolMore", "Configuration"]),
        room("EmbeddedStore", ["Bytes", "CSystem", "Files", "Metadata"]),
        room("Coordination", ["Bytes", "Collections", "KafkaProtocol"]),
        room(
            "GroupCoordinator",
            ["Bytes", "Collections", "Configuration", "Coordination", "KafkaProtocol", "KafkaProtocolMore", "Metadata"]),
        room("Replication", ["Bytes", "Collections", "Files", "Records", "LogStorage", "Metadata"]),
        room("Re2Patterns", ["CRe2", "GroupCoordinator"]),
        room(
            "KafkaClientCore",
            ["Bytes", "Collections", "KafkaProtocol", "KafkaProtocolMore", "Records", "Runtime"]),
        room(
            "Broker",
            [
                "Bytes", "Collections", "Configuration", "Controller", "Coordination", "DiskScheduler", "EmbeddedStore",
                "Files", "GroupCoordinator", "HTTPServer", "KafkaProtocol", "KafkaProtocolMore", "LogStorage",
                "Logging",
                "Metadata", "Metrics", "Quotas", "Re2Patterns", "Records", "Replication", "Runtime",
            ]),
        room("MartletTesting", ["Broker", "Configuration"]),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "Broker", "Bytes", "CProgram", "CSystem", "CommandLine", "Configuration", "Files",
                "KafkaClientCore", "KafkaProtocol", "LogStorage", "Logging", "Records", "Runtime",
            ],
            exclude: ["README.md"], swiftSettings: strict),

        // Tests
        tests("Bytes", []),
        tests(
            "Broker",
            [
                "Bytes", "Configuration", "Files", "KafkaProtocol", "KafkaProtocolMore", "MartletTesting", "Records",
                "Replication", "Runtime",
            ]),
        tests("CommandLine", []),
        tests("Logging", []),
        tests("Metrics", []),
        tests(
            "KafkaClientCore",
            ["Bytes", "KafkaProtocol", "KafkaProtocolMore", "Records", "ReferenceKafka", "Runtime"]),
        tests(
            "martlet",
            [
                "Bytes", "CommandLine", "Configuration", "KafkaClientCore", "KafkaProtocol", "MartletTesting",
                "ReferenceKafka",
                "Runtime",
            ]),
        .target(
            name: "Simulator",
            dependencies: ["Bytes", "DiskScheduler", "EmbeddedStore", "Files", "LogStorage", "Records", "Replication"],
            path: "Tests/Simulator", exclude: ["README.md"], swiftSettings: strict),
        .executableTarget(
            name: "PlantedBugs", dependencies: ["Files", "Simulator"], path: "Tests/PlantedBugs",
            swiftSettings: strict),
        .target(name: "ReferenceKafka", path: "Tests/ReferenceKafka", swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        tests("Files", []),
        tests("EmbeddedStore", ["Bytes", "Files", "Metadata", "Simulator"]),
        tests("Collections", []),
        tests("Configuration", []),
        tests("Runtime", ["Bytes", "CAllocations", "CThreadSanitizer"]),
        tests("HTTPServer", ["Runtime"]),
        tests("Metadata", ["Bytes"]),
        tests("Quotas", ["Metadata"]),
        tests("Coordination", ["Bytes", "KafkaProtocol"]),
        .target(
            name: "Transcripts", dependencies: ["Bytes", "Coordination", "KafkaProtocol"], path: "Tests/Transcripts",
            exclude: ["README.md"], swiftSettings: strict),
        tests("LogStorage", ["Bytes", "Files", "Records", "Simulator"]),
        tests("Replication", ["Bytes", "Records", "Simulator"]),
        tests(
            "GroupCoordinator",
            [
                "Bytes", "Collections", "Configuration", "Coordination", "KafkaProtocol", "KafkaProtocolMore",
                "Metadata", "Re2Patterns", "Transcripts",
            ], exclude: ["README.md", "Stories"]),
        tests("Records", ["Bytes", "CAllocations", "CSystem"], resources: [.copy("Interop")]),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .target(name: "CThreadSanitizer", path: "Tests/CThreadSanitizer"),
        .target(
            name: "MessageCodecs", dependencies: ["Bytes", "KafkaProtocol", "KafkaProtocolMore"],
            path: "Tests/MessageCodecs", swiftSettings: strict),
        tests("MessageGenerator", []),
        tests("KafkaProtocol", ["Bytes", "CAllocations"]),
        tests(
            "KafkaProtocolMore",
            ["Bytes", "KafkaProtocol", "MessageCodecs", "MessageGenerator", "CAllocations"],
            resources: [.copy("Resources/vectors.txt")]),
        tests("Controller", ["Bytes", "Configuration", "KafkaProtocol", "KafkaProtocolMore", "Metadata"]),
    ],
    swiftLanguageModes: [.v6]
)

// Links only with libFuzzer, which brings the main function; see Fuzz/README.md.
if Context.environment["MARTLET_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Bytes", "Configuration", "EmbeddedStore", "Files", "KafkaProtocol", "LogStorage", "MessageCodecs",
                "Metadata", "Records",
            ],
            path: "Fuzz/Sources", swiftSettings: strict))
}
