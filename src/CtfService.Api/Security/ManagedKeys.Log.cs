using CtfService.Inference.Telemetry;

namespace CtfService.Api.Security;

internal sealed partial class ManagedKeys
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.KeyCreated, LogLevel.Information, "Key {Name} ({Id}) was created by {Operator}")]
        public static partial void Created(ILogger logger, string name, string id, string? @operator);

        [LoggerMessage(EventIds.KeyRotated, LogLevel.Information, "Key {Name} ({Id}) got another secret from {Operator}; earlier ones work for {Grace} s")]
        public static partial void Rotated(ILogger logger, string name, string id, double grace, string? @operator);

        [LoggerMessage(EventIds.KeyRevoked, LogLevel.Information, "Key {Name} ({Id}) was revoked by {Operator}")]
        public static partial void Revoked(ILogger logger, string name, string id, string? @operator);
    }
}
