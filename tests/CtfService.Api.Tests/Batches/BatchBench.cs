using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Batches;
using CtfService.Api.Batches.Requests;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Batches;

/// <summary>The handler of batches in a service with a fake generator and with files in memory. The test plays the engine.</summary>
internal sealed class BatchBench : IAsyncDisposable
{
    public const string Generations = TestApi.Images;

    private BatchBench(TestApi api, MemoryFileStore files, MemoryCatalog catalog, MemoryJobs jobs) => (Api, Files, Catalog, Jobs) = (api, files, catalog, jobs);

    public TestApi Api { get; }

    public MemoryFileStore Files { get; }

    public MemoryCatalog Catalog { get; }

    public MemoryJobs Jobs { get; }

    public BatchHandler Handler => Api.Services.GetServices<IJobHandler>().OfType<BatchHandler>().Single();

    /// <param name="settings">Settings that override those of the tests.</param>
    public static Task<BatchBench> CreateAsync(params (string Key, string Value)[] settings) =>
        CreateAsync(new MemoryFileStore(), new MemoryCatalog(), new FakeImageGeneratorFactory(), settings);

    /// <summary>Creates another process with the same files.</summary>
    public Task<BatchBench> AnotherAsync(FakeImageGeneratorFactory model, params (string Key, string Value)[] settings) =>
        CreateAsync(Files, Catalog, model, settings);

    /// <summary>Starts a process without waiting for its model.</summary>
    public static BatchBench Start(FakeImageGeneratorFactory model)
    {
        var bench = Create(new MemoryFileStore(), new MemoryCatalog(), model, []);
        bench.Api.Start();
        return bench;
    }

    private static async Task<BatchBench> CreateAsync(
        MemoryFileStore files, MemoryCatalog catalog, FakeImageGeneratorFactory model, (string Key, string Value)[] settings)
    {
        var bench = Create(files, catalog, model, settings);
        await bench.Api.InitializeAsync();
        return bench;
    }

    private static BatchBench Create(
        MemoryFileStore files, MemoryCatalog catalog, FakeImageGeneratorFactory model, (string Key, string Value)[] settings)
    {
        var jobs = new MemoryJobs();
        var api = new TestApi
        {
            Factory = model,
            Settings = { ["Jobs:ShardImages"] = "3" },
            Replace = services => services.AddSingleton<IFileStore>(files).AddSingleton<IUploadCatalog>(catalog).AddSingleton<IJobService>(jobs),
        };
        foreach (var (key, value) in settings)
        {
            api.Settings[key] = value;
        }

        return new BatchBench(api, files, catalog, jobs);
    }

    public static string Line(string customId, string body, string url = Generations) =>
        $$"""{"custom_id": "{{customId}}", "method": "POST", "url": "{{url}}", "body": {{body}}}""";

    /// <summary>Creates the job of a batch with this input.</summary>
    public Job Job(string input, string endpoint = Generations, string tenant = "", int? outputSeconds = null) =>
        Job(Encoding.UTF8.GetBytes(input), endpoint, tenant, outputSeconds);

    public Job Job(byte[] input, string endpoint = Generations, string tenant = "", int? outputSeconds = null)
    {
        Files.Files["uploads/input"] = input;
        var specification = new BatchSpecification("file-input", "uploads/input", endpoint, "24h", Metadata: null, outputSeconds);
        return new Job
        {
            Id = "batch_0123456789abcdef",
            Kind = BatchSpecification.Kind,
            Tenant = tenant,
            Weight = 1,
            Specification = specification.ToJson(),
            State = JobState.Validating,
            CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(1_000),
            FinalizingAt = DateTimeOffset.UnixEpoch.AddSeconds(2_000),
            ExpiresAt = DateTimeOffset.UnixEpoch.AddSeconds(90_000),
        };
    }

    /// <summary>Prepares a job and returns its shards.</summary>
    public async Task<IReadOnlyList<Shard>> Prepare(Job job)
    {
        var plan = await Handler.PrepareAsync(job, CancellationToken.None);
        return [.. plan.Counts.Select((count, number) => new Shard(number, plan.Counts.Take(number).Sum(), count) { Attempts = 1 })];
    }

    public async Task<IReadOnlyList<JobError>> Refusals(Job job) =>
        (await Assert.ThrowsAsync<JobRefusedException>(() => Handler.PrepareAsync(job, CancellationToken.None))).Errors;

    public async Task<Shard> Run(Job job, Shard shard)
    {
        var result = await Handler.RunAsync(job, shard, CancellationToken.None);
        return shard with { State = ShardState.Done, Done = result.Done, Failed = result.Failed };
    }

    /// <summary>Runs a job to its end.</summary>
    public async Task<BatchEnd> Complete(Job job)
    {
        List<Shard> done = [];
        foreach (var shard in await Prepare(job))
        {
            done.Add(await Run(job, shard));
        }

        return await Finish(job, done);
    }

    public async Task<BatchEnd> Finish(Job job, IReadOnlyList<Shard> shards)
    {
        var result = JsonNode.Parse(await Handler.FinishAsync(job, shards, CancellationToken.None))!;
        return new BatchEnd(result, Read(BatchFiles.Output(job)), Read(BatchFiles.Errors(job)));
    }

    public ValueTask DisposeAsync() => Api.DisposeAsync();

    private byte[]? Read(string name) => Files.Files.GetValueOrDefault(name);
}

/// <summary>What a finished batch left.</summary>
/// <param name="Output">The output file; null if there is none.</param>
/// <param name="Errors">The error file; null if there is none.</param>
internal sealed record BatchEnd(JsonNode Result, byte[]? Output, byte[]? Errors)
{
    public IReadOnlyList<JsonNode> OutputLines => Lines(Output);

    public IReadOnlyList<JsonNode> ErrorLines => Lines(Errors);

    private static IReadOnlyList<JsonNode> Lines(byte[]? file) =>
        [.. Encoding.UTF8.GetString(file ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
}
