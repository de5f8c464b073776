namespace CtfService.Inference.Telemetry;

/// <summary>
/// Ids of every log event of the service. They never change or get reused; docs/operations/telemetry.md lists them.
/// Retired: 1021, 1040, 1042, 1044.
/// </summary>
public static class EventIds
{
    // Loading a model
    public const int ModelLoaded = 1000;
    public const int ModelWarmedUp = 1001;
    public const int LoadRetried = 1002;
    public const int DtypeChosen = 1003;
    public const int FmaEmulated = 1004;

    // Steps
    public const int ImagesFinished = 1020;
    public const int StepFailed = 1022;
    public const int StepSplit = 1023;
    public const int ImagesTooLarge = 1024;
    public const int StepsKeepFailing = 1025;
    public const int StepsRecovered = 1026;
    public const int ImageNotAdmitted = 1027;
    public const int ImageFailed = 1028;
    public const int StepRepeated = 1029;

    // Worker
    public const int WorkerCrashed = 1041;
    public const int ImagesUnfinished = 1043;
    public const int ModelNotFreed = 1045;
    public const int DeviceFailed = 1046;
    public const int DeviceNotLoaded = 1047;
    public const int ImageMoved = 1048;
    public const int DeviceHangs = 1049;

    // Model instances
    public const int FirstLoadFailed = 1060;
    public const int ModelSwitched = 1061;
    public const int SwitchFailed = 1062;
    public const int InstanceDrained = 1063;

    // Progress
    public const int Stalled = 1080;
    public const int StallRecovered = 1081;
    public const int ProcessStuck = 1082;

    // Shutdown
    public const int ShutdownStarted = 1100;
    public const int WorkerStillRunning = 1101;
    public const int LoadAbandoned = 1102;

    // HTTP
    public const int UnexpectedError = 2000;
    public const int StorageUnavailable = 2001;
    public const int AccessRefused = 2100;
    public const int KeyCreated = 2101;
    public const int KeyRotated = 2102;
    public const int KeyRevoked = 2103;
    public const int ImageRequestEnded = 2200;

    // GPU metrics
    public const int NvmlMissing = 2210;
    public const int NvmlFailed = 2211;
    public const int GpusFound = 2212;
    public const int GpuXidError = 2213;

    // Startup
    public const int ServiceReady = 2300;
    public const int RequestsWarmedUp = 2301;
    public const int WarmUpFailed = 2302;

    // Memory
    public const int MemoryReduced = 2310;
    public const int MemoryNearLimit = 2311;
}
