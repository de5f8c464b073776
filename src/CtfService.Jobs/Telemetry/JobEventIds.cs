namespace CtfService.Jobs.Telemetry;

/// <summary>
/// Ids of the log events of jobs and shared state, from 3000. They never change or get reused; docs/operations/telemetry.md lists them.
/// </summary>
public static class JobEventIds
{
    // Engine
    public const int EngineStarted = 3000;
    public const int TurnFailed = 3001;
    public const int GoesOn = 3002;
    public const int WorkRecovered = 3003;

    // Work
    public const int ShardEnded = 3020;
    public const int ShardFailed = 3021;
    public const int ShardGivenUp = 3022;
    public const int WorkPostponed = 3023;
    public const int LeaseLost = 3024;
    public const int JobRefused = 3025;
    public const int ShardsMissing = 3026;
    public const int EndNotRecorded = 3027;
    public const int WorkLostTooOften = 3028;

    // Retention
    public const int JobDeleted = 3040;
    public const int DeletionFailed = 3041;

    // Webhooks
    public const int WebhookDelivered = 3060;
    public const int WebhookRetried = 3061;
    public const int WebhookGivenUp = 3062;
    public const int WebhooksFailed = 3063;

    // Shared state
    public const int KeysUnavailable = 3080;
    public const int KeysAvailable = 3081;
    public const int ResponsesUnavailable = 3090;
    public const int ResponsesAvailable = 3091;
    public const int UsageUnavailable = 3100;
    public const int UsageAvailable = 3101;
}
