import Bytes
import Controller
import KafkaProtocol
import KafkaProtocolMore
import Metadata

/// DescribeClientQuotas, versions 0 and 1; 1 flexible.
enum DescribeClientQuotasHandler {
    static func handle(_ request: Request, _ session: ClientSession) throws {
        let body = try request.decode(DescribeClientQuotasRequest.self, maximumElements: RequestLimits.settings)
        var response = DescribeClientQuotasResponse()
        do throws(ControllerError) {
            let filter = try ClientQuotaFilter(body)
            response.entries = session.shard.image.allClientQuotas.filter { filter.matches($0.entity) }.map { quotas in
                var row = DescribeClientQuotasResponse.EntryData()
                row.entity = quotas.entity.parts.map { part in
                    var shown = DescribeClientQuotasResponse.EntityData()
                    shown.entityType = part.kind.name
                    shown.entityName = part.name?.text
                    return shown
                }
                row.values = quotas.values.sorted { $0.key < $1.key }.map { key, value in
                    var shown = DescribeClientQuotasResponse.ValueData()
                    shown.key = key
                    shown.value = value
                    return shown
                }
                return row
            }
        } catch {
            response.errorCode = error.code.rawValue
            response.errorMessage = error.message
            response.entries = nil
        }
        session.answer(request.reply, response)
    }
}
