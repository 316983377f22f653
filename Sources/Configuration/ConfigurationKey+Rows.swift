// Rows of the tables: one function for each type.

func boolean(
    _ name: String, _ standard: Bool?, update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .boolean, standard.map(String.init), .any, update, summary)
}

func short(
    _ name: String, _ standard: Int64?, _ allowed: AllowedValues = .any, update: ConfigurationKey.Update = .readOnly,
    about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .short, standard.map { String($0) }, allowed, update, summary)
}

func int(
    _ name: String, _ standard: Int64?, _ allowed: AllowedValues = .any, update: ConfigurationKey.Update = .readOnly,
    about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .int, standard.map { String($0) }, allowed, update, summary)
}

func long(
    _ name: String, _ standard: Int64?, _ allowed: AllowedValues = .any, update: ConfigurationKey.Update = .readOnly,
    about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .long, standard.map { String($0) }, allowed, update, summary)
}

func double(
    _ name: String, _ standard: String?, _ allowed: AllowedValues = .any,
    update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .double, standard, allowed, update, summary)
}

func string(
    _ name: String, _ standard: String?, _ allowed: AllowedValues = .any,
    update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .string, standard, allowed, update, summary)
}

func list(
    _ name: String, _ standard: String?, _ allowed: AllowedValues = .any,
    update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .list, standard, allowed, update, summary)
}

func className(
    _ name: String, _ standard: String? = nil, update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .className, standard, .any, update, summary)
}

func password(
    _ name: String, update: ConfigurationKey.Update = .readOnly, about summary: String
) -> ConfigurationKey {
    ConfigurationKey(name, .password, nil, .any, update, summary)
}

extension [ConfigurationKey] {
    /// The same keys, marked as changing nothing.
    var withoutEffect: [ConfigurationKey] {
        map { key in
            var key = key
            key.hasEffect = false
            return key
        }
    }
}
