using System.Text.Json.Nodes;
using CtfService.Api.Contracts;

namespace CtfService.Api.Description;

/// <summary>Provides one example of each body, built from the types that are sent, so that none can become outdated.</summary>
internal static class Examples
{
    public const string Model = "fruits-64";

    public const int Classes = 24;

    private const string Size = "64x64";

    /// <summary>1 January 2026.</summary>
    private const long Created = 1_767_225_600;

    public const ulong Seed = 12;

    public const string FileId = "file-0123456789abcdef0123456789abcdef";

    public const string DatasetId = "dset_0123456789abcdef0123456789abcdef";

    public const string KeyId = "key_0123456789abcdef0123456789abcdef";

    private const string DatasetFile = "images-000000.tar";

    private static readonly StageDefaults Coarse = new(Temperature: 1, TopK: 0, TopP: 1, GuidanceScale: 1.5f);

    private static readonly ModelResponse OneModel = new(
        Model, [], "model", Created, "ctf-service", Size, Classes, TokensPerImage: 64, CodebookSize: 16_384, Clusters: 512, HasFineStage: true,
        new string('0', 64), "cpu", "float32", new ModelDefaults(Coarse, Coarse with { GuidanceScale = 1 }));

    private static readonly KeyEntry OneKey = new(
        KeyId, "api_key", "store", "studio", Weight: 1, Admin: false, RequestsPerMinute: 120, ImagesPerMinute: 300, ImagesPerDay: null,
        MayRequestHighPriority: false, Created, ExpiresAt: null, [new KeySecretEntry("ctf_012345", Created, ExpiresAt: null)]);

    private static readonly FileEntry OneFile = new(
        FileId, "file", Bytes: 1_620, Created, ExpiresAt: Created + 2_592_000, "requests.jsonl", FilePurposes.Batch, "processed", StatusDetails: null);

    private static readonly DatasetFileEntry OneDatasetFile = new(DatasetFile, Bytes: 1_310_720, DatasetRoutes.File(DatasetId, DatasetFile));

    /// <summary>A data set in the middle of its work.</summary>
    public static DatasetResponse Dataset { get; } = new()
    {
        Id = DatasetId,
        Status = "in_progress",
        CreatedAt = Created,
        InProgressAt = Created + 1,
        ExpiresAt = Created + 604_800,
        ImageCounts = new ImageCounts(Total: 12_000, Completed: 3_072, Failed: 0),
        ImagesPerSecond = 31.5,
        SecondsLeft = 283.4,
        Name = "images",
        Format = "webdataset",
        ImageFormat = "png",
        ShardSize = 128,
        Shards = 94,
        Classes = Classes,
        Seed = Seed,
        Model = Model,
        BundleHash = OneModel.BundleHash,
        Coarse = Coarse,
        Fine = Coarse with { GuidanceScale = 1 },
        Errors = [],
    };

    private static readonly byte[] File = "not a real file"u8.ToArray();

    private static readonly ImageUsage Usage = new(InputTokens: 1, OutputTokens: 64, TotalTokens: 65);

    private static readonly ImageTimings Timings = new(QueueMs: 0.2, CoarseMs: 41.5, FineMs: 6.1, DecodeMs: 9.8, EncodeMs: 1.3);

    public static PartialImageEvent Partial { get; } =
        new(ImageEventNames.Generation.Partial, File, Created, Size, "png", PartialImageIndex: 0, ImageIndex: 0, Seed, ClassId: 1, "banana");

    public static CompletedImageEvent Completed { get; } = new(
        ImageEventNames.Generation.Completed, File, Created, Size, "png", ImageIndex: 0, Seed, ClassId: 1, "banana", Usage, Timings, Layout: null,
        Tokens: null);

    private static readonly BatchResponse OneBatch = new(
        "batch_0123456789abcdef0123456789abcdef", "batch", $"{ImageRoutes.Group}/{ImageRoutes.Generations}", Errors: null, FileId, "24h", "completed",
        OutputFileId: "file-1123456789abcdef0123456789abcdef", ErrorFileId: null, Created, InProgressAt: Created + 1, ExpiresAt: Created + 86_400,
        FinalizingAt: Created + 60, CompletedAt: Created + 61, FailedAt: null, ExpiredAt: null, CancellingAt: null, CancelledAt: null,
        new BatchRequestCounts(Total: 500, Completed: 500, Failed: 0), new Dictionary<string, string> { ["run"] = "seven" }, Model,
        new BatchUsage(InputTokens: 500, new BatchInputTokens(0), OutputTokens: 32_000, new BatchOutputTokens(0), TotalTokens: 32_500));

    private static readonly Dictionary<Type, object> All = new()
    {
        // An instance of a request would show every optional field.
        [typeof(GenerateImageRequest)] = JsonNode.Parse($$"""{"class_label": "banana", "n": 1, "seed": {{Seed}}}""")!,
        [typeof(RedetailImageRequest)] = JsonNode.Parse(
            $$"""{"layout": [{{string.Join(", ", Enumerable.Range(0, 64))}}], "class_label": "banana", "n": 1, "seed": {{Seed}}}""")!,
        [typeof(ImagesResponse)] = new ImagesResponse(
            Created,
            Model,
            [new ImageEntry(File, Seed, ClassId: 1, "banana")],
            "png",
            Size,
            Usage,
            Timings),
        [typeof(PartialImageEvent)] = Partial,
        [typeof(CompletedImageEvent)] = Completed,
        [typeof(ModelResponse)] = OneModel,
        [typeof(ModelListResponse)] = new ModelListResponse("list", [OneModel]),
        [typeof(ClassListResponse)] = new ClassListResponse(
            "list", [new ClassEntry(Id: 0, "avocado", WordNetId: null), new ClassEntry(Id: 1, "banana", WordNetId: null)]),
        [typeof(SwitchModelRequest)] = JsonNode.Parse($$"""{"bundle": "{{Model}}"}""")!,
        [typeof(ModelSwitchResponse)] = new ModelSwitchResponse(
            "model_switch",
            Model,
            OneModel,
            new ReplacedModelEntry("fruits-64-v1", "fruits-64-v1", new string('1', 64)),
            new SwitchTimings(LoadMs: 640.2, WarmUpMs: 71.4, SwitchMs: 712.9)),
        [typeof(CreateKeyRequest)] = JsonNode.Parse("{\"name\": \"studio\", \"requests_per_minute\": 120}")!,
        [typeof(RotateKeyRequest)] = JsonNode.Parse("{\"grace_seconds\": 86400}")!,
        [typeof(KeyListResponse)] = new KeyListResponse("list", [OneKey]),
        [typeof(KeyCreatedResponse)] = new KeyCreatedResponse(OneKey, "ctf_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"),
        [typeof(KeyDeletedResponse)] = new KeyDeletedResponse(KeyId, "api_key.deleted", Deleted: true),
        [typeof(BundleListResponse)] = new BundleListResponse(
            "list",
            [new BundleEntry(Model, Model, OneModel.BundleHash, Problem: null)],
            [new ModelInstanceEntry(Model, "active", Model, OneModel.BundleHash, Reason: null)],
            LastSwitch: null),
        [typeof(FileEntry)] = OneFile,
        [typeof(FileListResponse)] = new FileListResponse("list", [OneFile], FileId, FileId, HasMore: false),
        [typeof(FileDeletedResponse)] = new FileDeletedResponse(FileId, "file", Deleted: true),
        [typeof(CreateBatchRequest)] = JsonNode.Parse(
            $$"""{"input_file_id": "{{FileId}}", "endpoint": "/v1/images/generations", "completion_window": "24h"}""")!,
        [typeof(BatchResponse)] = OneBatch,
        [typeof(BatchListResponse)] = new BatchListResponse("list", [OneBatch], OneBatch.Id, OneBatch.Id, HasMore: false),
        [typeof(DatasetRequest)] = JsonNode.Parse($$"""{"per_class": 500, "format": "webdataset", "seed": {{Seed}}}""")!,
        [typeof(DatasetResponse)] = Dataset,
        [typeof(DatasetListResponse)] = new DatasetListResponse("list", [Dataset], DatasetId, DatasetId, HasMore: false),
        [typeof(DatasetFileListResponse)] = new DatasetFileListResponse("list", [OneDatasetFile]),
        [typeof(DatasetDeletionResponse)] = new DatasetDeletionResponse(DatasetId, "dataset.deleted", Deleted: true),
        [typeof(StatusResponse)] = new StatusResponse(
            "status", "ready", Model, Reason: null, [new DeviceEntry("cpu", "ready", Reason: null)],
            new QueueEntry(ImagesWaiting: 3, ImagesRunning: 8, Capacity: 64, WaitSeconds: 0.4),
            new RequestLimits(N: 16, GuidanceScale: 20, Temperature: 10, UploadBytes: 10_485_760, UploadPixels: 16_777_216)),
        [typeof(HealthResponse)] = new HealthResponse("ready", Model, Reason: null),
    };

    /// <summary>Returns an example of a parameter in a path.</summary>
    public static string OfPathParameter(string name, PathString path) =>
        path.StartsWithSegments(FileRoutes.Group) ? FileId
        : path.StartsWithSegments("/v1/admin/keys") ? KeyId
        : path.StartsWithSegments(ClassRoutes.Group) ? "banana"
        : !path.StartsWithSegments(DatasetRoutes.Group) ? Model
        : name == "id" ? DatasetId
        : DatasetFile;

    /// <summary>Returns a JSON node or an instance of the type; null if there is no example.</summary>
    public static object? Of(Type type) => All.GetValueOrDefault(type) is JsonNode node ? node.DeepClone() : All.GetValueOrDefault(type);
}
