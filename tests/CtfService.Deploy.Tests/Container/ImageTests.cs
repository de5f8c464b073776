using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using CtfService.TestSupport;
using Xunit.Abstractions;

namespace CtfService.Deploy.Tests.Container;

/// <summary>Builds the image without a container engine: runs the commands of the Dockerfile in empty folders and starts the program there.</summary>
public sealed partial class ImageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    [LinuxFact]
    public async Task CpuTarget_BuiltStepByStep_ServesAnImageAndStopsOnRequest()
    {
        using var folder = new TemporaryFolder();
        var app = await new DockerfileRun(Dockerfile.OfTheRepository, folder.Root).Build("cpu");
        AssertLayers(folder);

        using var timeout = new CancellationTokenSource(Timeout);
        using var service = Start(app);
        try
        {
            var address = await Address(service, timeout.Token);
            using var client = new HttpClient { BaseAddress = address };
            await Ready(client, timeout.Token);
            var health = await ProgramRun.Of(Path.Combine(app, "CtfService.Api"), ["--healthcheck"], app, Listening(address.ToString()));
            Assert.True(health.ExitCode == 0, health.ToString());
            using var body = JsonContent.Create(new { class_label = "banana", seed = 7 });
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations") { Content = body };
            request.Headers.Accept.ParseAdd("image/png");
            using var answer = await client.SendAsync(request, timeout.Token);

            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("image/png", answer.Content.Headers.ContentType?.MediaType);
            AssertBaseImageSuffices(service, folder);
            await ProgramRun.Of("kill", ["-TERM", $"{service.Id}"], app);
            await service.WaitForExitAsync(timeout.Token);
            Assert.Equal(0, service.ExitCode);
        }
        finally
        {
            service.Kill(entireProcessTree: true); // if it is still running
        }

        var gone = await ProgramRun.Of(Path.Combine(app, "CtfService.Api"), ["--healthcheck"], app, Listening("http://127.0.0.1:9"));
        Assert.NotEqual(0, gone.ExitCode);
    }

    /// <summary>
    /// Checks the two layers: packages, which rarely change, and the program. All files have the same timestamp, so that equal layers are identical.
    /// </summary>
    private static void AssertLayers(TemporaryFolder folder)
    {
        var layers = new DirectoryInfo(folder.File("build-cpu/source/layers"));
        var program = layers.EnumerateFiles("program/*").ToList();

        Assert.Contains(program, file => file.Name == "appsettings.json");
        Assert.All(program, file => Assert.True(file.Name.StartsWith("CtfService.", StringComparison.Ordinal) || file.Name == "appsettings.json", file.Name));
        Assert.True(File.Exists(Path.Combine(layers.FullName, "program", "wwwroot", "index.html")));
        Assert.InRange(program.Sum(file => file.Length), 1, 10 << 20);
        Assert.Contains(layers.EnumerateFiles("packages/*"), file => file.Name == "libtorch_cpu.so");
        Assert.All(layers.EnumerateFiles("*", SearchOption.AllDirectories), file => Assert.Equal(DateTime.UnixEpoch, file.LastWriteTimeUtc));
    }

    /// <summary>
    /// The chiseled image has .NET, glibc, libgcc, libstdc++ and OpenSSL. Any other library of this machine that the process loaded would be missing there.
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

    /// <summary>The variables of the image, with an address of this machine.</summary>
    private static Dictionary<string, string?> Listening(string address) => new()
    {
        ["ASPNETCORE_URLS"] = address,
        ["ASPNETCORE_HTTP_PORTS"] = "",
        ["DOTNET_EnableDiagnostics"] = "0",
    };

    /// <summary>Reads the assigned port from the log. Continues to read the log, so that the service is not blocked.</summary>
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

/// <summary>A fact that runs on Linux only, because the image is for Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "The Dockerfile's commands are for Linux.";
}
