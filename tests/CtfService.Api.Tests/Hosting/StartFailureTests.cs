using System.Net;
using System.Net.Sockets;
using CtfService.Api.Hosting;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace CtfService.Api.Tests.Hosting;

/// <summary>
/// Starts the program with invalid settings, without a model or without a store: it prints one message without a stack trace and ends with an exit
/// code.
/// </summary>
public sealed class StartFailureTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "CtfService.Api.dll");

    [Fact]
    public async Task Start_ManyInvalidSettings_NamesAllOfThem()
    {
        var run = await Start(
            "--Limits:MaxHeaders=many",
            "--Limits:MaxUploads=0",
            "--Limits:BodyTimeout=soon",
            "--Inference:MaxQueuedImage=3",
            "--Inference:MaxBatchRows=2147483648",
            "--Telemetry:TraceRatio=half",
            "--Telemetry:Gpu=maybe",
            "--Logging:LogLevel:CtfService=loud",
            "--Logging:Console:LogLevel:Default=quiet",
            "--Security:ApiKeys:0:Nam=studio",
            "--Security:RequestsPerMinute=-1",
            "--Model:Aliases=gpt-image-1",
            "--Idempotency:MaxBytes=1e99",
            "--Infrence:MaxQueuedImages=4",
            "--Urls=nonsense");

        Assert.Equal(StartFailures.ExitCode, run.ExitCode);
        Assert.Contains(
            "Limits:MaxHeaders is 'many'; expected a whole number between 10 and 1000. "
            + "Set it in appsettings.json or in the environment variable Limits__MaxHeaders.",
            run.Errors,
            StringComparison.Ordinal);
        Assert.Contains("Limits:MaxUploads is 0; expected between 1 and 10000.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Limits:BodyTimeout is 'soon'; expected a time such as 00:00:30 between 00:00:01 and 00:10:00.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Inference:MaxQueuedImage is not a setting. Did you mean Inference:MaxQueuedImages?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Inference:MaxBatchRows is '2147483648'; expected a whole number between 2 and 4096.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Telemetry:TraceRatio is 'half'; expected a number between 0 and 1.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Telemetry:Gpu is 'maybe'; expected true or false.", run.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "Logging:LogLevel:CtfService is 'loud'; expected one of Trace, Debug, Information, Warning, Error, Critical, None.",
            run.Errors,
            StringComparison.Ordinal);
        Assert.Contains("Logging:Console:LogLevel:Default is 'quiet'; expected one of Trace", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Security:ApiKeys:0:Nam is not a setting. Did you mean Security:ApiKeys:0:Name?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Security:RequestsPerMinute is -1; expected between 0 and 1000000.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Model:Aliases is 'gpt-image-1'; expected a list. Set its entries: Model:Aliases:0", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Idempotency:MaxBytes is '1e99'; expected a whole number between 0 and 68719476736.", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Infrence is not a setting. Did you mean Inference?", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Urls is 'nonsense'; expected an http or https address", run.Errors, StringComparison.Ordinal);
        AssertReadable(run);
    }

    [Fact]
    public async Task Start_PortIsInUse_SaysSo()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var run = await Start($"--urls=http://localhost:{port}");

        Assert.Equal(StartFailures.ExitCode, run.ExitCode);
        Assert.Contains($"Urls is 'http://localhost:{port}', but another program listens on port {port}.", run.Errors, StringComparison.Ordinal);
        AssertReadable(run);
    }

    [Theory]
    [InlineData("http://192.0.2.1:5080", "but this machine has no address 192.0.2.1.")]
    [InlineData("http://localhost:0", "a port that the system chooses needs an IP address: http://127.0.0.1:0.")]
    [InlineData("http://localhost:70000", "expected an http or https address with a port from 0 to 65535")]
    [InlineData("ftp://localhost:5080", "expected an http or https address")]
    public async Task Start_AddressCannotBeListenedOn_SaysWhy(string url, string expected)
    {
        var run = await Start($"--urls={url}", "--Security:AllowAnonymous=true");

        Assert.Equal(StartFailures.ExitCode, run.ExitCode);
        Assert.Contains(expected, run.Errors, StringComparison.Ordinal);
        AssertReadable(run);
    }

    [Fact]
    public async Task Start_NoCertificate_PrintsOnlyThatMessage()
    {
        using var home = new TemporaryFolder();

        var run = await ProgramRun.Of(
            "dotnet",
            [Program, "--urls=https://127.0.0.1:0"],
            AppContext.BaseDirectory,
            new Dictionary<string, string?> { ["HOME"] = home.Root });

        AssertRefused(
            run,
            StartFailures.ExitCode,
            "Urls is 'https://127.0.0.1:0', but HTTPS cannot be served: ",
            "Name a certificate in Kestrel:Certificates:Default:Path");
    }

    [Fact]
    public async Task Start_CertificateIsMissing_NamesTheFile()
    {
        var run = await Start("--urls=https://127.0.0.1:0", "--Kestrel:Certificates:Default:Path=nowhere/server.pfx");

        AssertRefused(run, StartFailures.ExitCode, "but HTTPS cannot be served: ", "nowhere/server.pfx");
    }

    [Fact]
    public async Task Start_InvalidLogSetting_NamesIt()
    {
        var run = await Start("--urls=http://127.0.0.1:0", "--Logging:Console:FormatterOptions:IncludeScopes=maybe");

        Assert.Equal(StartFailures.ExitCode, run.ExitCode);
        Assert.Contains("'maybe' at 'FormatterOptions:IncludeScopes'", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        SocketError.AccessDenied,
        "but this user may not listen on port 443. Choose a port from 1024 on, or grant the program CAP_NET_BIND_SERVICE.")]
    [InlineData(SocketError.AddressAlreadyInUse, "but another program listens on port 443. Stop it, or choose another port.")]
    [InlineData(SocketError.AddressNotAvailable, "but this machine has no address studio. Name one that it has, or localhost.")]
    public void Describe_SocketError_SaysWhatToDo(SocketError error, string expected)
    {
        Assert.Equal(expected, ListenCheck.Describe(new SocketException((int)error), BindingAddress.Parse("https://studio:443")));
    }

    [Fact]
    public void RequireSettingsFile_FileIsMissing_NamesItsFolder()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<StartRefusedException>(() => StartFailures.RequireSettingsFile(folder.Root));

        var expected = $"appsettings.json is missing from {folder.Root}, the folder of the program. It contains all settings; restore it.";
        Assert.Equal([expected], StartFailures.Describe(error));
    }

    [Fact]
    public void Describe_SettingsFileIsBroken_NamesFileLineAndByte()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("appsettings.json");
        File.WriteAllText(file, "{\n  \"Limits\": { \"MaxHeaders\": 10,, }\n}");

        var error = Assert.Throws<InvalidDataException>(() => new ConfigurationBuilder().AddJsonFile(file).Build());

        Assert.Equal(
            [$"Failed to load configuration from file '{file}'. It is not valid JSON: line 2, byte 32. Correct the file."],
            StartFailures.Describe(error));
    }

    [Theory]
    [InlineData("ulimit -n 64", "The process may open 64 files; expected at least 512")]
    [InlineData("ulimit -v 4000000", "The process may have 3906 MiB of address space; expected at least 8192")]
    public async Task Start_SystemLimitIsTooLow_NamesIt(string limit, string expected)
    {
        var run = await ProgramRun.Of("bash", ["-c", $"{limit}; exec dotnet '{Program}' --urls=http://localhost:0"], AppContext.BaseDirectory);

        Assert.Equal(StartFailures.ExitCode, run.ExitCode);
        Assert.Contains(expected, run.Errors, StringComparison.Ordinal);
        AssertReadable(run);
    }

    [Fact]
    public async Task Start_BundleIsMissing_NamesItAndMayBeTriedAgain()
    {
        using var folder = new TemporaryFolder();

        var run = await Start("--urls=http://127.0.0.1:0", "--Inference:LoadRetries=1", $"--Model:Bundle={folder.File("nowhere")}");

        AssertRefused(run, StartFailures.TemporaryExitCode, "The service cannot start. ", folder.File("nowhere"));
    }

    [Fact]
    public async Task Start_BundleIsDamaged_NamesTheFile()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(RepositoryFolder.File("models", "fruits-64")))
        {
            File.Copy(file, folder.File(Path.GetFileName(file)));
        }

        await File.WriteAllTextAsync(folder.File("coarse.safetensors"), "cut");

        var run = await Start("--urls=http://127.0.0.1:0", $"--Model:Bundle={folder.Root}");

        AssertRefused(run, StartFailures.ExitCode, "is not a valid bundle", "coarse.safetensors");
    }

    [Fact]
    public async Task Start_NoSuchDevice_NamesIt()
    {
        var run = await Start("--urls=http://127.0.0.1:0", "--Model:Device=cuda:63");

        AssertRefused(run, StartFailures.ExitCode, "The service cannot start. ", "cuda:63");
    }

    [Fact]
    public async Task Start_FolderOfTheStoreIsAFile_NamesTheSetting()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("data"), "a file where the folder should be");

        var run = await Start("--urls=http://127.0.0.1:0", $"--Storage:Folder={folder.File("data/jobs")}");

        AssertRefused(run, StartFailures.ExitCode, "is a file, not a folder", "Storage:Folder", "Jobs:Enabled");
        Assert.DoesNotContain("go on by themselves", run.Errors, StringComparison.Ordinal); // they do only in a service that runs
    }

    [Fact]
    public async Task Start_StoreBelongsToAnotherProcess_MayBeTriedAgain()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("jobs.db"), "");
        await using var other = new FileStream(folder.File("jobs.db.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var run = await Start("--urls=http://127.0.0.1:0", $"--Storage:Folder={folder.Root}");

        AssertRefused(run, StartFailures.TemporaryExitCode, "belong to another running process");
    }

    [Fact]
    public async Task Start_DatabaseServerIsAway_MayBeTriedAgain()
    {
        var run = await Start(
            "--urls=http://127.0.0.1:0", "--Storage:ConnectionString=Host=127.0.0.1;Port=1;Username=ctf;Password=secret;Database=ctf");

        AssertRefused(run, StartFailures.TemporaryExitCode, "cannot be reached", "Storage:ConnectionString");
        Assert.DoesNotContain("secret", run.Errors, StringComparison.Ordinal);
    }

    private static Task<ProgramRun> Start(params string[] settings) => ProgramRun.Of("dotnet", [Program, .. settings], AppContext.BaseDirectory);

    private static void AssertRefused(ProgramRun run, int exitCode, params string[] words)
    {
        Assert.True(exitCode == run.ExitCode, run.ToString());
        Assert.All(words, word => Assert.Contains(word, run.Errors, StringComparison.Ordinal));
        AssertReadable(run);
    }

    private static void AssertReadable(ProgramRun run)
    {
        foreach (var internals in new[] { "   at ", "Exception", "System.", "BinderOptions", "ErrorOnUnknownConfiguration" })
        {
            Assert.DoesNotContain(internals, $"{run.Output}{run.Errors}", StringComparison.Ordinal);
        }
    }
}
