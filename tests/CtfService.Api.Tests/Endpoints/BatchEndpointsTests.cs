using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Api.Tests.Batches;
using CtfService.Api.Tests.Security;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Endpoints;

public sealed class BatchEndpointsTests
{
    private const string Address = "/v1/batches";

    private const string Valid = """{"input_file_id": "file-1", "endpoint": "/v1/images/generations", "completion_window": "24h"}""";

    /// <summary>Every field of OpenAI's batch.</summary>
    private static readonly string[] Fields =
    [
        "id", "object", "endpoint", "errors", "input_file_id", "completion_window", "status", "output_file_id", "error_file_id", "created_at",
        "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at", "request_counts",
        "metadata", "model", "usage",
    ];

    [Fact]
    public async Task Create_EveryField_BecomesAJobOfTheKey()
    {
        await using var bench = await Bench.CreateAsync(("Security:ApiKeys:0:Weight", "5"), ("Jobs:WebhookSecret", new string('s', 24)));

        var batch = await Bench.Read(bench.Post(
            Address,
            """
            {"input_file_id": "file-1", "endpoint": "/v1/images/generations", "completion_window": "3d", "metadata": {"run": "seven"},
            "output_expires_after": {"anchor": "created_at", "seconds": 3600}, "webhook": "https://example.org/done"}
            """));

        Assert.Equal(Fields, batch.Select(field => field.Key));
        var job = Assert.Single(bench.Jobs.Rows.Values);
        Assert.Equal(
            (job.Id, "batch", "/v1/images/generations", "file-1", "3d", "validating", "seven"),
            ((string?)batch["id"], (string?)batch["object"], (string?)batch["endpoint"], (string?)batch["input_file_id"], (string?)batch["completion_window"],
                (string?)batch["status"], (string?)batch["metadata"]!["run"]));
        Assert.Equal((long)batch["created_at"]! + (3 * 24 * 3_600), (long)batch["expires_at"]!);
        Assert.Equal("""{"total":0,"completed":0,"failed":0}""", batch["request_counts"]!.ToJsonString());
        Assert.Equal(("studio", 5, "batch", "https://example.org/done"), (job.Tenant, job.Weight, job.Kind, job.Webhook));
        Assert.Equal(("uploads/file-1", 3_600), (BatchSpecification.Of(job).StoredName, BatchSpecification.Of(job).OutputSeconds));
    }

    [Theory]
    [InlineData("input_file_id", null, "required", "input_file_id")]
    [InlineData("input_file_id", "\"file-9\"", "file_not_found", "input_file_id")]
    [InlineData("input_file_id", "\"file-of-operator\"", "file_not_found", "input_file_id")]
    [InlineData("input_file_id", "\"file-output\"", "unsupported_value", "input_file_id")]
    [InlineData("endpoint", null, "required", "endpoint")]
    [InlineData("endpoint", "\"/v1/chat/completions\"", "unsupported_value", "endpoint")]
    [InlineData("completion_window", null, "required", "completion_window")]
    [InlineData("completion_window", "\"\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "\"0h\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "\"-1h\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "\"24\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "\"99999999999h\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "\"8d\"", "unsupported_value", "completion_window")]
    [InlineData("completion_window", "24", "wrong_type", "completion_window")]
    [InlineData("metadata", "\"text\"", "wrong_type", "metadata")]
    [InlineData("metadata", "{\"a\": null}", "wrong_type", "metadata.a")]
    [InlineData("output_expires_after", "{\"anchor\": \"now\", \"seconds\": 3600}", "unsupported_value", "output_expires_after.anchor")]
    [InlineData("output_expires_after", "{\"anchor\": \"created_at\"}", "required", "output_expires_after.seconds")]
    [InlineData("output_expires_after", "{\"anchor\": \"created_at\", \"seconds\": 3599}", "out_of_range", "output_expires_after.seconds")]
    [InlineData("output_expires_after", "{\"anchor\": \"created_at\", \"seconds\": 2592001}", "out_of_range", "output_expires_after.seconds")]
    [InlineData("webhook", "\"https://example.org\"", "unsupported_value", "webhook")]
    [InlineData("priority", "1", "unknown_field", "priority")]
    public async Task Create_WrongField_IsRefused(string field, string? value, string code, string param)
    {
        await using var bench = await Bench.CreateAsync();
        var body = JsonNode.Parse(Valid)!.AsObject();
        body.Remove(field);
        if (value is not null)
        {
            body[field] = JsonNode.Parse(value);
        }

        using var response = await bench.Post(Address, body.ToJsonString());
        var error = await response.Error(HttpStatusCode.BadRequest);

        Assert.Equal((code, param), (error.Code, error.Param));
        Assert.Empty(bench.Jobs.Rows);
    }

    [Fact]
    public async Task Create_WebhookOnThisMachine_IsRefused()
    {
        await using var bench = await Bench.CreateAsync(("Jobs:WebhookSecret", new string('s', 24)));
        var body = JsonNode.Parse(Valid)!.AsObject();
        body["webhook"] = "http://169.254.169.254/latest";

        using var response = await bench.Post(Address, body.ToJsonString());
        var error = await response.Error(HttpStatusCode.BadRequest);

        Assert.Equal(("unsupported_value", "webhook"), (error.Code, error.Param));
        Assert.Contains("Jobs:WebhooksToPrivateNetworks", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16, 64, 512, true)]
    [InlineData(17, 64, 512, false)]
    [InlineData(16, 65, 512, false)]
    [InlineData(16, 64, 513, false)]
    public async Task Create_Metadata_IsLimited(int pairs, int key, int value, bool isAccepted)
    {
        await using var bench = await Bench.CreateAsync();
        var body = JsonNode.Parse(Valid)!.AsObject();
        body["metadata"] = new JsonObject(Enumerable.Range(0, pairs).Select(
            i => KeyValuePair.Create($"{i:D2}{new string('k', key - 2)}", (JsonNode?)JsonValue.Create(new string('v', value)))));

        using var response = await bench.Post(Address, body.ToJsonString());

        Assert.Equal(isAccepted ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("24h", "00:30:00", 1_800)] // OpenAI's clients can send nothing else, so the limit applies silently
    [InlineData("24h", "7.00:00:00", 86_400)]
    [InlineData("1h", "7.00:00:00", 3_600)]
    public async Task Create_Window_EndsAtTheLimit(string window, string lifetime, int seconds)
    {
        await using var bench = await Bench.CreateAsync(("Jobs:Lifetime", lifetime));

        var batch = await Bench.Read(bench.Post(Address, Valid.Replace("24h", window, StringComparison.Ordinal)));

        Assert.Equal(seconds, (long)batch["expires_at"]! - (long)batch["created_at"]!);
        Assert.Equal(window, (string?)batch["completion_window"]);
    }

    [Fact]
    public async Task Create_KeyHasTooManyUnfinishedImages_Gets429()
    {
        await using var bench = await Bench.CreateAsync(("Jobs:MaxUnfinishedImages", "10"));
        bench.Jobs.UnfinishedImages = 10;

        using var response = await bench.Post(Address, Valid);
        var error = await response.Error(HttpStatusCode.TooManyRequests);

        Assert.Equal("image_limit_exceeded", error.Code);
        Assert.True(response.Headers.Contains("Retry-After"));
    }

    [Fact]
    public async Task Create_KeyHasTooManyUnfinishedJobs_Gets429UntilOneHasEnded()
    {
        await using var bench = await Bench.CreateAsync(("Jobs:MaxUnfinishedJobs", "2"));
        var first = await bench.CreateBatch();
        await bench.CreateBatch();

        using var response = await bench.Post(Address, Valid);
        var error = await response.Error(HttpStatusCode.TooManyRequests);
        bench.Jobs.Rows[first] = bench.Jobs.Rows[first] with { State = JobState.Cancelled };
        await bench.CreateBatch();

        Assert.Equal("job_quota_exceeded", error.Code);
        Assert.Contains("2 unfinished jobs, and may have at most 2 (Jobs:MaxUnfinishedJobs)", error.Message, StringComparison.Ordinal);
        Assert.True(response.Headers.Contains("Retry-After"));
    }

    [Fact]
    public async Task Create_SameIdempotencyKey_IsOneBatch()
    {
        await using var bench = await Bench.CreateAsync();

        var first = await Bench.Read(bench.Post(Address, Valid, ("Idempotency-Key", "one")));
        var second = await Bench.Read(bench.Post(Address, Valid, ("Idempotency-Key", "one")));

        Assert.Equal((string?)first["id"], (string?)second["id"]);
        Assert.Single(bench.Jobs.Rows);
    }

    [Fact]
    public async Task Get_EndedBatch_HasFilesCountsTimesAndUsage()
    {
        await using var bench = await Bench.CreateAsync();
        var id = await bench.CreateBatch();
        bench.Jobs.Rows[id] = bench.Jobs.Rows[id] with
        {
            State = JobState.Completed,
            Total = 10,
            Done = 8,
            Failed = 2,
            StartedAt = At(1_001),
            FinalizingAt = At(1_002),
            EndedAt = At(1_003),
            Result = """{"Model": "fruits-fake", "OutputFileId": "file-out", "ErrorFileId": "file-err", "InputTokens": 8, "OutputTokens": 32}""",
        };

        var batch = await Bench.Read(bench.Get($"{Address}/{id}"));

        Assert.Equal(Fields, batch.Select(field => field.Key));
        Assert.Equal(
            ("completed", "file-out", "file-err", "fruits-fake"),
            ((string?)batch["status"], (string?)batch["output_file_id"], (string?)batch["error_file_id"], (string?)batch["model"]));
        Assert.Equal(
            (1_001L, 1_002L, 1_003L, null, null),
            ((long)batch["in_progress_at"]!, (long)batch["finalizing_at"]!, (long)batch["completed_at"]!, batch["failed_at"], batch["cancelled_at"]));
        Assert.Equal("""{"total":10,"completed":8,"failed":2}""", batch["request_counts"]!.ToJsonString());
        Assert.Equal(
            """{"input_tokens":8,"input_tokens_details":{"cached_tokens":0},"""
            + """ "output_tokens":32,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":40}""".TrimStart(),
            batch["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task Get_RefusedBatch_NamesLinesAndFields()
    {
        await using var bench = await Bench.CreateAsync();
        var id = await bench.CreateBatch();
        bench.Jobs.Rows[id] = bench.Jobs.Rows[id] with
        {
            State = JobState.Failed,
            EndedAt = At(1_003),
            Errors = [new JobError("out_of_range", "n is 99.", 7, "body.n"), new JobError("empty_file", "Nothing.")],
        };

        var batch = await Bench.Read(bench.Get($"{Address}/{id}"));

        Assert.Equal(("failed", 1_003L), ((string?)batch["status"], (long)batch["failed_at"]!));
        Assert.Equal(
            """{"object":"list","data":[{"code":"out_of_range","message":"n is 99.","param":"body.n","line":7},"""
            + """{"code":"empty_file","message":"Nothing.","param":null,"line":null}]}""",
            batch["errors"]!.ToJsonString());
    }

    [Theory]
    [InlineData(JobState.Validating, "validating", null)]
    [InlineData(JobState.InProgress, "in_progress", null)]
    [InlineData(JobState.Finalizing, "finalizing", null)]
    [InlineData(JobState.Completed, "completed", "completed_at")]
    [InlineData(JobState.Failed, "failed", "failed_at")]
    [InlineData(JobState.Expired, "expired", "expired_at")]
    [InlineData(JobState.Cancelled, "cancelled", "cancelled_at")]
    [InlineData(JobState.Cancelling, "cancelling", null)]
    public async Task Get_EveryState_HasItsStatusAndTime(JobState state, string status, string? time)
    {
        await using var bench = await Bench.CreateAsync();
        var id = await bench.CreateBatch();
        bench.Jobs.Rows[id] = bench.Jobs.Rows[id] with { State = state, EndedAt = state.IsEnded() ? At(5) : null };

        var batch = await Bench.Read(bench.Get($"{Address}/{id}"));

        Assert.Equal(status, (string?)batch["status"]);
        string[] times = ["completed_at", "failed_at", "expired_at", "cancelled_at"];
        Assert.All(times, field => Assert.Equal(field == time ? 5L : null, (long?)batch[field]));
    }

    [Fact]
    public async Task Cancel_RunningBatch_IsCancelling()
    {
        await using var bench = await Bench.CreateAsync();
        var id = await bench.CreateBatch();

        var batch = await Bench.Read(bench.Post($"{Address}/{id}/cancel", content: null));

        Assert.Equal(("cancelling", 1_500L), ((string?)batch["status"], (long)batch["cancelling_at"]!));
    }

    [Fact]
    public async Task List_Pages_GoFromTheNewestToTheOldest()
    {
        await using var bench = await Bench.CreateAsync();
        List<string> ids = [];
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, await bench.CreateBatch());
        }

        var first = await Bench.Read(bench.Get($"{Address}?limit=2"));
        var second = await Bench.Read(bench.Get($"{Address}?limit=3&after={first["last_id"]}"));

        Assert.Equal(["object", "data", "first_id", "last_id", "has_more"], first.Select(field => field.Key));
        Assert.Equal(("list", true), ((string?)first["object"], (bool)first["has_more"]!));
        Assert.Equal((ids[0], ids[1]), ((string?)first["first_id"], (string?)first["last_id"]));
        Assert.Equal(ids[2..], second["data"]!.AsArray().Select(batch => (string?)batch!["id"]));
        Assert.False((bool)second["has_more"]!);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("many")]
    public async Task List_WrongLimit_IsRefused(string limit)
    {
        await using var bench = await Bench.CreateAsync();

        using var response = await bench.Get($"{Address}?limit={limit}");

        await response.Error(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Any_BatchOfAnotherKey_IsNotFound()
    {
        await using var bench = await Bench.CreateAsync();
        var id = await bench.CreateBatch();

        using var get = await bench.Get($"{Address}/{id}", TestKeys.Operator);
        using var cancel = await bench.Post($"{Address}/{id}/cancel", content: null, key: TestKeys.Operator);
        var list = await Bench.Read(bench.Get(Address, TestKeys.Operator));

        Assert.Equal(("batch_not_found", "id"), await get.Error(HttpStatusCode.NotFound) is var error ? (error.Code, error.Param) : default);
        Assert.Equal("batch_not_found", (await cancel.Error(HttpStatusCode.NotFound)).Code);
        Assert.Empty(list["data"]!.AsArray());
        Assert.Null(list["first_id"]);
    }

    [Fact]
    public async Task Create_JobsAreTurnedOff_IsNotFound()
    {
        await using var api = new TestApi { Settings = { ["Jobs:Enabled"] = "false" } };
        await api.InitializeAsync();

        using var response = await api.Post(Address, new StringContent(Valid, Encoding.UTF8, "application/json"));

        await response.Error(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Endpoints_OfTheDescription_AreThoseOfTheHandler()
    {
        await using var bench = await Bench.CreateAsync();

        var described = typeof(CreateBatchRequest).GetProperty(nameof(CreateBatchRequest.Endpoint))!
            .GetCustomAttributes(typeof(System.ComponentModel.DataAnnotations.AllowedValuesAttribute), inherit: false);

        Assert.Equal(
            bench.Api.Services.GetRequiredService<BatchRoutes>().Paths,
            ((System.ComponentModel.DataAnnotations.AllowedValuesAttribute)described[0]).Values.Cast<string>());
    }

    private static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);

    /// <summary>The service with keys, with jobs and files in memory, and with an uploaded file.</summary>
    private sealed class Bench : IAsyncDisposable
    {
        public TestApi Api { get; private init; } = null!;

        public MemoryJobs Jobs { get; private init; } = null!;

        public static async Task<Bench> CreateAsync(params (string Key, string Value)[] settings)
        {
            var (jobs, catalog) = (new MemoryJobs(), new MemoryCatalog());
            Add(catalog, "file-1", "studio", "batch");
            Add(catalog, "file-output", "studio", "batch_output");
            Add(catalog, "file-of-operator", "operator", "batch");
            var files = new MemoryFileStore();
            var api = TestKeys.Api(
                services => services.AddSingleton<IFileStore>(files).AddSingleton<IUploadCatalog>(catalog).AddSingleton<IJobService>(jobs), settings);
            await api.InitializeAsync();
            return new Bench { Api = api, Jobs = jobs };
        }

        public async Task<string> CreateBatch() => (string)(await Read(Post(Address, Valid)))["id"]!;

        public static async Task<JsonObject> Read(Task<HttpResponseMessage> answering)
        {
            using var response = await answering;
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        }

        public Task<HttpResponseMessage> Get(string path, string key = TestKeys.Studio) => Api.Get(path, TestKeys.Bearer(key));

        public Task<HttpResponseMessage> Post(string path, string? content, (string Name, string Value)? header = null, string key = TestKeys.Studio)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = content is null ? null : new StringContent(content, Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("Authorization", $"Bearer {key}");
            if (header is var (name, value))
            {
                request.Headers.Add(name, value);
            }

            return Api.Client.SendAsync(request);
        }

        public ValueTask DisposeAsync() => Api.DisposeAsync();

        private static void Add(MemoryCatalog catalog, string id, string tenant, string purpose) =>
            catalog.Rows[id] = new UploadedFile(id, tenant, "requests.jsonl", 10, purpose, $"uploads/{id}", default, ExpiresAt: null);
    }
}
