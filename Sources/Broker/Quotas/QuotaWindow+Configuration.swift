import Configuration
import Quotas

extension QuotaWindow {
    init(_ window: BrokerConfiguration.Quotas.Window) {
        self.init(samples: window.samples, sampleMs: window.sampleSeconds * 1_000)
    }
}
