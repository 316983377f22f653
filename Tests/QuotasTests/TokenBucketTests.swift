import Bytes
import Quotas
import Testing

/// The budget of changes of partitions.
@Suite struct TokenBucketTests {
    private let window = QuotaWindow(samples: 11, sampleMs: 1_000)
    private let quota = ClientQuota(key: QuotaKey(.controllerMutation, user: nil, clientID: "c"), limit: 2)

    @Test func beginsFullAndIsNeverFuller() {
        let bucket = TokenBucket()
        #expect(bucket.balance(2, now: 100, window) == 22)
        #expect(bucket.balance(2, now: 1_000_000, window) == 22)
        // With another limit there is room for less.
        #expect(bucket.balance(1, now: 1_000_000, window) == 11)
    }

    @Test func aDebtIsPaidAtTheRateOfTheLimit() {
        var bucket = TokenBucket()
        bucket.take(30, 2, now: 0, window)
        #expect(bucket.balance(2, now: 0, window) == -8)
        #expect(bucket.throttleMs(2, now: 0, window) == 4_000)
        #expect(bucket.throttleMs(2, now: 3_000, window) == 1_000)
        #expect(bucket.throttleMs(2, now: 4_000, window) == 0)
        #expect(bucket.balance(2, now: 5_000, window) == 2)
    }

    @Test func strictRequestsAreRefusedWhileThereIsADebt() {
        var quotas = MutationQuotas(window: window)
        var first = quotas.budget(quota, isStrict: true, now: 0)
        // After 20 two are left, so any number goes.
        let inBudget = [first.permits(20), first.permits(10)]
        #expect(inBudget == [true, true])
        #expect(first.throttleMs == 0)
        let overBudget = first.permits(1)
        #expect(!overBudget)
        #expect(first.throttleMs == 4_000)
        quotas.settle(first, now: 0)

        var second = quotas.budget(quota, isStrict: true, now: 3_500)
        let inDebt = second.permits(1)
        #expect(!inDebt)
        #expect(second.throttleMs == 500)
        quotas.settle(second, now: 3_500)

        var third = quotas.budget(quota, isStrict: true, now: 4_000)
        let paid = third.permits(1)
        #expect(paid)
        #expect(third.throttleMs == 0)
    }

    @Test func olderRequestsAreCarriedOutAndPausedFor() {
        var quotas = MutationQuotas(window: window)
        var budget = quotas.budget(quota, isStrict: false, now: 0)
        var pauses: [Int64] = []
        for partitions in [22, 1, 3] {
            let isPermitted = budget.permits(partitions)
            #expect(isPermitted)
            pauses.append(budget.throttleMs)
        }
        #expect(pauses == [0, 500, 2_000])
        quotas.settle(budget, now: 0)
        var strict = quotas.budget(quota, isStrict: true, now: 1_000)
        let inDebt = strict.permits(1)
        #expect(!inDebt)
    }

    @Test func othersHaveBudgetsOfTheirOwnAndTheirNumberIsBounded() {
        var quotas = MutationQuotas(window: window, capacity: 8)
        var now: Int64 = 0
        let spent = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c7", "new", "c0", "c7"].map { (name: Name) in
            let own = ClientQuota(key: QuotaKey(.controllerMutation, user: nil, clientID: name), limit: 1)
            var budget = quotas.budget(own, isStrict: true, now: now)
            defer { quotas.settle(budget, now: now) }
            now += 1
            return budget.permits(12)
        }
        // Room for another is made by forgetting who rested longest.
        #expect(spent == [true, true, true, true, true, true, true, true, false, true, true, false])
    }
}
