using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using CtfService.TestSupport;
using Xunit.Abstractions;

namespace CtfService.Deploy.Tests.Container;

/// <summary>What the Dockerfile makes, made without an engine: its own commands in empty folders, and the program started from there.</summary>
public sealed partial class ImageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [LinuxFact]
    public async Task CpuTarget_BuiltStepByStep_ServesAnImageAndStopsWhenTold()
    {
        using var folder = new TemporaryFolder();
        var app = await new DockerfileRun(Dockerfile.OfTheRepository, folder.Root).Build("cpu");
        AssertLayers(folder);

        using var patience = new CancellationTokenSource(Patience);
        using var service = Start(app);
        try
        {
            var address = await Address(service, patience.Token);
            using var client = new HttpClient { BaseAddress = address };
            await Ready(client, patience.Token);
            var health = await ProgramRun.Of(Path.Combine(app, "CtfService.Api"), ["--healthcheck"], app, Listening(address.ToString()));
            Assert.True(health.ExitCode == 0, health.ToString());
            using var body = JsonContent.Create(new { class_label = "banana", seed = 7 });
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations") { Content = body };
            request.Headers.Accept.ParseAdd("image/png");
            using var answer = await client.SendAsync(request, patience.Token);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("image/png", answer.Content.Headers.ContentType?.MediaType);
            AssertBaseImageSuffices(service, folder);
            await ProgramRun.Of("kill", ["-TERM", $"{service.Id}"], app);
            await service.WaitForExitAsync(patience.Token);
            Assert.Equal(0, service.ExitCode);
        }
        finally
        {
            service.Kill(entireProcessTree: true); // where it still runs
        }

        var gone = await ProgramRun.Of(Path.Combine(app, "CtfService.Api"), ["--healthcheck"], app, Listening("http://127.0.0.1:9"));
        Assert.NotEqual(0, gone.ExitCode);
    }

    /// <summary>Half a gigabyte that seldom changes, and the program; every file with the same time, so that an equal layer is the same layer.</summary>
    private static void AssertLayers(TemporaryFolder folder)
    {
        var layers = new DirectoryInfo(folder.File("build-cpu/source/layers"));
        var program = layers.EnumerateFiles("program/*").ToList();

        Assert.Contains(program, file => file.Name == "appsettings.json");
        Assert.All(program, file => Assert.True(file.Name.StartsWith("CtfService.", StringComparison.Ordinal) || file.Name == "appsettings.json", file.Name));
        Assert.InRange(program.Sum(file => file.Length), 1, 4 << 20);
        Assert.Contains(layers.EnumerateFiles("packages/*"), file => file.Name == "libtorch_cpu.so");
        Assert.All(layers.EnumerateFiles("*", SearchOption.AllDirectories), file => Assert.Equal(DateTime.UnixEpoch, file.LastWriteTimeUtc));
    }

    /// <summary>
    /// The chiseled image has glibc, libgcc, libstdc++ and OpenSSL besides .NET. Whatever else of this machine the process has loaded would be missing there.
    /// </summary>
    private void AssertBaseImageSuffices(Process service, TemporaryFolder folder)
    {
        var libraries = File.ReadLines($"/proc/{service.Id}/maps")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(5))
            .Where(path => path is not null && path.Contains(".so", StringComparison.Ordinal) && !path.StartsWith(folder.Root, StringComparison.Ordinal))
            .Distinct().OfType<string>()
            .Where(path => !path.Contains("/shared/Microsoft.", StringComparison.Ordinal) && !path.Contains("/host/fxr/", StringComparison.Ordinal))
            .Select(path => Path.GetFileName(path)!).ToList();
        output.WriteLine(string.Join(", ", libraries));

        Assert.NotEmpty(libraries);
        Assert.All(libraries, library => Assert.Matches(@"^(ld-linux-x86-64|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|ssl|crypto))\.so", library));
    }

    private static Process Start(string app)
    {
        var start = new ProcessStartInfo(Path.Combine(app, "CtfService.Api")) { WorkingDirectory = app, RedirectStandardOutput = true };
        foreach (var (name, value) in Listening("http://127.0.0.1:0"))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>What the image sets, but on this machine's own address.</summary>
    private static Dictionary<string, string?> Listening(string address) => new()
    {
        ["ASPNETCORE_URLS"] = address,
        ["ASPNETCORE_HTTP_PORTS"] = "",
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    /// <summary>The port it was given, from its log, which is read on so that the service never waits for a reader.</summary>
    private static async Task<Uri> Address(Process service, CancellationToken cancellation)
    {
        while (await service.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (ListeningLine().Match(line) is { Success: true } match)
            {
                _ = service.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new Uri(match.Groups[1].Value);
            }
        }

        throw new InvalidOperationException("The service ended before it listened.");
    }

    private static async Task Ready(HttpClient client, CancellationToken cancellation)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while ((await client.GetAsync("/health/ready", cancellation)).StatusCode != HttpStatusCode.OK)
        {
            await pause.WaitForNextTickAsync(cancellation);
        }
    }

    [GeneratedRegex(@"Now listening on: (http://[\d.:]+)")]
    private static partial Regex ListeningLine();
}

/// <summary>Skipped on other systems: the image is Linux's.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "The Dockerfile's commands are for Linux.";
}
