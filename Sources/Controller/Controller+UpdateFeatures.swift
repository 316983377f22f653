import Configuration
import KafkaProtocol
import KafkaProtocolMore
import Metadata

extension Controller {
    private enum UpgradeType: Int8 {
        case upgrade = 1
        case safeDowngrade = 2
        case unsafeDowngrade = 3
    }

    /// Changes the cluster's levels of features: all that are named, or none. Version 0 says by a flag whether a level may
    /// go down; up to version 1 each feature has a row in the answer.
    public func updateFeatures(
        _ request: UpdateFeaturesRequest, version: Int16
    ) -> ControllerResult<UpdateFeaturesResponse> {
        var result = ControllerResult(reply: UpdateFeaturesResponse())
        result.reply.errorMessage = nil
        for update in request.featureUpdates {
            let type = version == 0 ? (update.allowDowngrade ? 2 : 1) : update.upgradeType
            if let problem = problem(with: update, UpgradeType(rawValue: type)) {
                return ControllerResult(reply: UpdateFeaturesResponse(refused: update, because: problem))
            }
        }
        for update in request.featureUpdates {
            result.records += records(of: update)
            guard version <= 1 else { continue }
            var row = UpdateFeaturesResponse.UpdatableFeatureResult()
            row.feature = update.feature
            row.errorMessage = "NONE"
            result.reply.results.append(row)
        }
        if request.validateOnly { result.records = [] }
        return result
    }

    private func problem(with update: UpdateFeaturesRequest.FeatureUpdateKey, _ type: UpgradeType?) -> String? {
        let (name, wanted) = (update.feature, update.maxVersionLevel)
        if wanted < 0 { return "A feature version cannot be less than 0." }
        guard let type else { return "The controller does not support the given upgrade type." }
        let here = "Local controller \(configuration.nodeId)"
        guard let supported = FinalizedFeatures.supported.first(where: { $0.name == name }) else {
            return "\(here) does not support this feature."
        }
        guard (supported.minimum...supported.maximum).contains(wanted) else {
            return "\(here) only supports versions \(supported.minimum)-\(supported.maximum)"
        }
        let present = image.features[name] ?? 0
        if wanted < present {
            switch type {
            case .upgrade:
                return "Can't downgrade the version of this feature without setting the upgrade type to either safe or "
                    + "unsafe downgrade."
            case .unsafeDowngrade where name == FinalizedFeatures.metadataVersion:
                return "Unsafe metadata downgrade is not supported in this version."
            case _ where name == FinalizedFeatures.kraftVersion: return "This feature cannot be downgraded."
            case .safeDowngrade, .unsafeDowngrade: break
            }
        }
        if wanted > present, type != .upgrade { return "Can't downgrade to a newer version." }
        return nil
    }

    private func records(of update: UpdateFeaturesRequest.FeatureUpdateKey) -> [MetadataRecord] {
        let (name, wanted, present) = (update.feature, update.maxVersionLevel, image.features[update.feature] ?? 0)
        if wanted == present { return [] }
        let record = MetadataRecord.featureLevel(FeatureLevelRecord(name: name, level: wanted))
        guard name == FinalizedFeatures.eligibleLeaderReplicas, present == 0 else { return [record] }
        return [record] + oneMinInSyncReplicas()
    }

    /// Makes min.insync.replicas one for all brokers, as eligible leader replicas need it.
    func oneMinInSyncReplicas() -> [MetadataRecord] {
        let key = TopicKey.minInSyncReplicas
        var records: [MetadataRecord] = []
        if image.configuration(of: .allBrokers)[key.name] == nil {
            let text = topicSettings.effective(key).text
            records.append(
                .configuration(ConfigurationRecord(resource: .allBrokers, key: key.name, value: text)))
        }
        for broker in image.brokers.keys.sorted() where image.configuration(of: .broker(broker))[key.name] != nil {
            records.append(
                .configuration(ConfigurationRecord(resource: .broker(broker), key: key.name, value: nil)))
        }
        return records
    }
}

extension UpdateFeaturesResponse {
    fileprivate init(refused update: UpdateFeaturesRequest.FeatureUpdateKey, because problem: String) {
        self.init()
        errorCode = ErrorCode.invalidUpdateVersion.rawValue
        errorMessage =
            "The update failed for all features since the following feature had an error: Invalid update version "
            + "\(update.maxVersionLevel) for feature \(update.feature). \(problem)"
    }
}
