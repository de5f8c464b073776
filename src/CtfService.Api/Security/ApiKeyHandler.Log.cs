using System.Net;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Security;

internal sealed partial class ApiKeyHandler
{
    /// <summary>Never logs a key, not even a part of it.</summary>
    private static partial class Log
    {
        [LoggerMessage(EventIds.AccessRefused, LogLevel.Information, "Refused {Method} {Path} from {Address}: {Reason}")]
        public static partial void Refused(ILogger logger, string method, PathString path, IPAddress? address, string reason);
    }
}
