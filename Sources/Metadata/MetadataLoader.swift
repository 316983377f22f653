/// Somebody who acts on changes of the metadata: one for each subsystem that depends on it.
public protocol Publisher: AnyObject {
    /// Gets each change with the image that results, in order, none left out.
    func publish(_ delta: ClusterDelta, _ image: ClusterImage)
}

/// Turns what a store holds into images, and hands every change to the publishers, one after another in their order.
public final class MetadataLoader {
    public private(set) var image: ClusterImage
    private let publishers: [any Publisher]

    public init(image: ClusterImage = .empty, publishers: [any Publisher]) {
        self.image = image
        self.publishers = publishers
    }

    /// Applies what follows the image. Batches that are in it already are left out.
    ///
    /// - Throws: when a record does not fit; the image then stays as it was, and nothing is published.
    public func load(_ tail: MetadataTail) throws(MetadataReplayError) {
        switch tail {
        case .snapshot(let snapshot): publish(try ClusterDelta(base: image, snapshot: snapshot))
        case .batches(let batches):
            var delta = ClusterDelta(base: image)
            for batch in batches where batch.firstOffset > image.position.offset { try delta.replay(batch) }
            if delta.image.position != image.position { publish(delta) }
        }
    }

    private func publish(_ delta: ClusterDelta) {
        image = delta.image
        for publisher in publishers { publisher.publish(delta, image) }
    }
}
