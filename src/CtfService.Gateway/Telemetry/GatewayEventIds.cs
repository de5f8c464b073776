namespace CtfService.Gateway.Telemetry;

/// <summary>Ids of the gateway's log events, from 5000. They never change or get reused; docs/gateway.md lists them.</summary>
internal static class GatewayEventIds
{
    public const int ReplicaIn = 5000;
    public const int ReplicaOut = 5001;
    public const int ReplicaFound = 5002;
    public const int ReplicaGone = 5003;
    public const int NameUnresolved = 5004;
    public const int ModelsHidden = 5005;

    public const int Resent = 5020;
    public const int ReplicaLost = 5021;
    public const int NoReplica = 5022;
    public const int RequestFailed = 5023;
}
