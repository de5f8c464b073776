using System.Net;

namespace CtfService.Api.Security;

internal sealed partial class ApiKeyHandler
{
    /// <summary>Event ids 2100..2109. Never the key, not even a part of it.</summary>
    private static partial class Log
    {
        [LoggerMessage(2100, LogLevel.Information, "Refused {Method} {Path} from {Address}: {Reason}")]
        public static partial void Refused(ILogger logger, string method, PathString path, IPAddress? address, string reason);
    }
}
