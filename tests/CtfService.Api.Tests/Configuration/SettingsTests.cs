using CtfService.Api.Configuration;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Studio;
using CtfService.Api.Telemetry;
using CtfService.Inference.Queue;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Tests.Configuration;

public sealed class SettingsTests
{
    [Fact]
    public void ShippedFile_EverySection_HasTheDefaultsOfTheCode()
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        Assert.Equivalent(new ModelOptions(), Strictly<ModelOptions>(file, ModelOptions.SectionName), strict: true);
        Assert.Equivalent(new InferenceOptions(), Strictly<InferenceOptions>(file, InferenceOptions.SectionName), strict: true);
        Assert.Equivalent(new LimitsOptions(), Strictly<LimitsOptions>(file, LimitsOptions.SectionName), strict: true);
        Assert.Equivalent(new SecurityOptions(), Strictly<SecurityOptions>(file, SecurityOptions.SectionName), strict: true);
        Assert.Equal(new IdempotencyOptions(), Strictly<IdempotencyOptions>(file, IdempotencyOptions.SectionName));
        Assert.Equal(new StorageOptions(), Strictly<StorageOptions>(file, StorageOptions.SectionName));
        Assert.Equal(new JobsOptions(), Strictly<JobsOptions>(file, JobsOptions.SectionName));
        Assert.Equal(new StudioOptions(), Strictly<StudioOptions>(file, StudioOptions.SectionName));
        Assert.Equal(new TelemetryOptions(), Strictly<TelemetryOptions>(file, TelemetryOptions.SectionName));
        Assert.Equal("http://localhost:5080", file["Urls"]);
    }

    [Theory]
    [InlineData(typeof(ModelOptions), ModelOptions.SectionName)]
    [InlineData(typeof(InferenceOptions), InferenceOptions.SectionName)]
    [InlineData(typeof(LimitsOptions), LimitsOptions.SectionName)]
    [InlineData(typeof(SecurityOptions), SecurityOptions.SectionName)]
    [InlineData(typeof(IdempotencyOptions), IdempotencyOptions.SectionName)]
    [InlineData(typeof(StorageOptions), StorageOptions.SectionName)]
    [InlineData(typeof(JobsOptions), JobsOptions.SectionName)]
    [InlineData(typeof(StudioOptions), StudioOptions.SectionName)]
    [InlineData(typeof(TelemetryOptions), TelemetryOptions.SectionName)]
    public void ShippedFile_EveryOption_IsListed(Type options, string section)
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        var missing = options.GetProperties().Select(property => property.Name).Where(key => file[$"{section}:{key}"] is null);

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("Inference:MaxBatchRows", "1", "Inference:MaxBatchRows is 1; expected between 2 and 4096.")]
    [InlineData("Inference:MaxBatchRows", "4097", "Inference:MaxBatchRows is 4097;")]
    [InlineData("Inference:MaxWindow", "0", "Inference:MaxWindow is 0; expected between 1 and 32.")]
    [InlineData("Inference:MaxWindow", "33", "Inference:MaxWindow is 33; expected between 1 and 32.")]
    [InlineData("Inference:MaxWindow", "auto", "Inference:MaxWindow is 'auto'; expected a whole number between 1 and 32.")]
    [InlineData("Inference:MaxQueuedImages", "0", "Inference:MaxQueuedImages is 0; expected between 1 and 100000.")]
    [InlineData("Inference:MaxBacklog", "00:00:00.005", "Inference:MaxBacklog is 00:00:00.0050000; expected between 00:00:00.0100000 and 01:00:00.")]
    [InlineData("Inference:MaxBacklog", "never", "Inference:MaxBacklog is 'never'; expected a time such as 00:00:30")]
    [InlineData("Inference:ShutdownBudget", "00:10:01", "Inference:ShutdownBudget is 00:10:01; expected between 00:00:00 and 00:10:00.")]
    [InlineData("Model:Device", "gpu", "Model:Device is gpu; expected auto, cpu, cuda or cuda:N.")]
    [InlineData("Model:Devices:0", "gpu", "Model:Devices:0 is 'gpu'; expected cpu or cuda:N. Correct or remove it.")]
    [InlineData("Model:Devices:0", "auto", "Model:Devices:0 is 'auto'; expected cpu or cuda:N.")]
    [InlineData("Model:Dtype", "int4", "Model:Dtype is int4; expected auto, float32, bfloat16, float16, or int8 on the CPU.")]
    [InlineData("Inference:RequestTimeout", "00:00:00", "Inference:RequestTimeout is 00:00:00;")]
    [InlineData("Limits:MaxGuidanceScale", "0.5", "Limits:MaxGuidanceScale is 0.5; expected between 1 and 1000.")]
    [InlineData("Limits:MaxImagesPerRequest", "0", "Limits:MaxImagesPerRequest is 0;")]
    [InlineData("Limits:MaxImagesPerRequest", "65", "Limits:MaxImagesPerRequest is 65; expected at most 64, the value of Inference:MaxQueuedImages.")]
    [InlineData("Limits:MaxUploadBytes", "1023", "Limits:MaxUploadBytes is 1023; expected between 1024 and 104857600.")]
    [InlineData("Limits:MaxUploadPixels", "100000001", "Limits:MaxUploadPixels is 100000001; expected between 1024 and 100000000.")]
    [InlineData("Idempotency:Lifetime", "00:00:00", "Idempotency:Lifetime is 00:00:00; expected between 00:00:01 and 7.00:00:00.")]
    [InlineData("Jobs:Concurrency", "0", "Jobs:Concurrency is 0; expected between 1 and 64.")]
    [InlineData("Jobs:UploadTimeout", "00:00:00", "Jobs:UploadTimeout is 00:00:00; expected between 00:00:01 and 1.00:00:00.")]
    [InlineData("Jobs:MaxUnfinishedJobs", "0", "Jobs:MaxUnfinishedJobs is 0; expected between 1 and 100000.")]
    [InlineData("Jobs:Lease", "00:00:01", "Jobs:Lease is 00:00:01; expected between 00:00:03 and 00:10:00.")]
    [InlineData("Storage:ConnectionString", "db.example", "Storage:ConnectionString cannot be read; expected Host=...;Database=...;")]
    [InlineData("Storage:ConnectionString", "Host=db;Port=many", "Storage:ConnectionString cannot be read;")]
    [InlineData("Storage:ConnectionString", "Host=db;Maximum Pool Size=1", "allows 1 connection; expected Maximum Pool Size=2 or more")]
    [InlineData("Storage:State", "postgres", "Storage:State is postgres; expected auto, memory or database.")]
    [InlineData("Storage:State", "", "Storage:State is empty; expected auto, memory or database.")]
    [InlineData("Storage:ConnectionString", "Username=ctf", "Storage:ConnectionString cannot be read;")]
    [InlineData("Idempotency:MaxBytes", "-1", "Idempotency:MaxBytes is -1; expected between 0 and 68719476736.")]
    [InlineData("Model:Bundle", "", "Model:Bundle is empty; expected a value.")]
    [InlineData("Model:Aliases:0", " ", "Model:Aliases:0 is ' '; expected a unique name of 1 to 128 characters")]
    [InlineData("Limits:MaxUploads", "0", "Limits:MaxUploads is 0; expected between 1 and 10000.")]
    [InlineData(
        "Limits:MaxUploadBufferBytes",
        "70000",
        "Limits:MaxUploadBufferBytes is 70000; expected at least 21037056, the size of an upload of two files of Limits:MaxUploadBytes, a picture and a mask")]
    [InlineData("Limits:BodyTimeout", "00:10:01", "Limits:BodyTimeout is 00:10:01; expected between 00:00:01 and 00:10:00.")]
    [InlineData("Limits:MaxHeaderBytes", "4095", "Limits:MaxHeaderBytes is 4095; expected between 4096 and 1048576.")]
    [InlineData("Limits:MaxHeaders", "9", "Limits:MaxHeaders is 9; expected between 10 and 1000.")]
    [InlineData("Limits:HeaderTimeout", "00:05:01", "Limits:HeaderTimeout is 00:05:01; expected between 00:00:01 and 00:05:00.")]
    [InlineData("Limits:MaxConnections", "0", "Limits:MaxConnections is 0; expected between 1 and 1000000.")]
    [InlineData("Security:RequestsPerMinute", "-1", "Security:RequestsPerMinute is -1; expected between 0 and 1000000.")]
    [InlineData("Security:ApiKeys:0:Name", "my key", "Security:ApiKeys:0:Name is 'my key'; expected 1 to 64 letters, digits")]
    [InlineData(
        "Security:ApiKeys:0:Sha256",
        "ctf_secret",
        "Security:ApiKeys:0:Sha256 has 10 characters and is not a hash; expected the SHA-256 of the key as 64 hexadecimal digits")]
    [InlineData("Security:ApiKeys:0:RequestsPerMinute", "1000001", "Security:ApiKeys:0:RequestsPerMinute is 1000001; expected between 0 and 1000000.")]
    [InlineData("Security:ApiKeys:0:ImagesPerDay", "-1", "Security:ApiKeys:0:ImagesPerDay is -1; expected between 0 and 1000000000.")]
    [InlineData("Security:ImagesPerMinute", "1000001", "Security:ImagesPerMinute is 1000001; expected between 0 and 1000000.")]
    [InlineData("Security:AllowedOrigins:0", "*", "Security:AllowedOrigins:0 is '*'; expected scheme, host and port only")]
    [InlineData("Security:AllowedOrigins:0", "https://a.example/path", "Security:AllowedOrigins:0 is 'https://a.example/path'")]
    [InlineData("Inference:StallTimeout", "00:00:00", "Inference:StallTimeout is 00:00:00; expected between 00:00:01 and 01:00:00.")]
    [InlineData("Inference:ExitWhenStuck", "sometimes", "Inference:ExitWhenStuck is 'sometimes'; expected true or false.")]
    [InlineData("Telemetry:OtlpEndpoint", "localhost:4317", "Telemetry:OtlpEndpoint is localhost:4317; expected an http or https address, or nothing.")]
    [InlineData("Telemetry:OtlpProtocol", "http", "Telemetry:OtlpProtocol is http; expected grpc or http/protobuf.")]
    [InlineData("Telemetry:TraceRatio", "1.5", "Telemetry:TraceRatio is 1.5; expected between 0 and 1.")]
    [InlineData("Telemetry:MetricsFor", "admins", "Telemetry:MetricsFor is admins; expected callers, anyone or nobody.")]
    [InlineData("Telemetry:LogFormat", "xml", "Telemetry:LogFormat is xml; expected auto, json or text.")]
    [InlineData("Urls", "http://0.0.0.0:5080", "Urls is 'http://0.0.0.0:5080', which other machines can reach, and Security:ApiKeys is empty;")]
    [InlineData("Kestrel:Endpoints:Public:Url", "http://*:80", "Kestrel:Endpoints:Public:Url is 'http://*:80', which other machines can reach")]
    public async Task Start_ValueOutOfRange_FailsNamingKeyValueAndRange(string key, string value, string expected)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start($"--{key}={value}"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Inference:MaxBatchRow", "Inference:MaxBatchRow is not a setting. Did you mean Inference:MaxBatchRows?")]
    [InlineData("Security:AllowAnonymus", "Security:AllowAnonymus is not a setting. Did you mean Security:AllowAnonymous?")]
    [InlineData(
        "Security:ApiKeys:0:Hash",
        "Security:ApiKeys:0:Hash is not a setting. Known names: Name, Sha256, Admin, Weight, RequestsPerMinute, ImagesPerMinute, ImagesPerDay, "
        + "MayRequestHighPriority.")]
    public async Task Start_KeyIsMisspelt_FailsNamingIt(string key, string expected)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start($"--{key}=4"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_SecretInsteadOfItsHash_IsNotRepeated()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start("--Security:ApiKeys:0:Name=a", "--Security:ApiKeys:0:Sha256=ctf_secret"));

        Assert.DoesNotContain("ctf_secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PasswordOfTheDatabaseWithASemicolon_IsNotRepeated()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start("--Storage:ConnectionString=Host=db;Password=top;secret"));

        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DuplicateKeyNameOrHash_FailsNamingBoth()
    {
        var hash = new string('0', 64);
        string[] keys = [.. Enumerable.Range(0, 2).SelectMany(i => new[] { $"--Security:ApiKeys:{i}:Name=studio", $"--Security:ApiKeys:{i}:Sha256={hash}" })];

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start(keys));

        Assert.Contains("Security:ApiKeys:0:Name and Security:ApiKeys:1:Name are the same;", error.Message, StringComparison.Ordinal);
        Assert.Contains("Security:ApiKeys:0:Sha256 and Security:ApiKeys:1:Sha256 are the same;", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Security:AllowAnonymous=true")]
    [InlineData("--Security:ApiKeys:0:Name=studio", "--Security:ApiKeys:0:Sha256=0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef")]
    public async Task Start_ReachableWithKeysOrDeliberatelyOpen_IsAllowed(params string[] args)
    {
        await using var app = await Start([.. args, "--urls=http://*:8080"]);

        Assert.Equal("http://*:8080", app.Configuration["Urls"]);
    }

    [Fact]
    public async Task Start_ValuesGiven_OverrideTheShippedFile()
    {
        await using var app = await Start("--Inference:MaxBatchRows=4", "--Limits:MaxTemperature=1.5", "--urls=http://localhost:1234");

        Assert.Equal(4, app.Services.GetRequiredService<InferenceOptions>().MaxBatchRows);
        Assert.Equal(1.5f, app.Services.GetRequiredService<LimitsOptions>().MaxTemperature);
        Assert.Equal("http://localhost:1234", app.Configuration["Urls"]);
    }

    [Fact]
    public async Task Start_NothingGiven_ReadsTheShippedFile()
    {
        await using var api = new TestApi();
        api.Start();

        Assert.Equal("http://localhost:5080", api.Services.GetRequiredService<IConfiguration>()["Urls"]);
    }

    /// <summary>Builds the host and validates its options, without starting its services.</summary>
    private static async Task<WebApplication> Start(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        var app = builder.Build();
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static TOptions? Strictly<TOptions>(IConfiguration file, string section) =>
        file.GetRequiredSection(section).Get<TOptions>(binder => binder.ErrorOnUnknownConfiguration = true);
}
