using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using CtfService.TestSupport;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Engine;

/// <summary>The faulty service with a copy of the bundle, and the images that it draws undisturbed.</summary>
internal sealed class EngineScene(TrialFolder folder, TrialReport report) : IDisposable
{
    private const int Drawn = 24;

    /// <summary>Longest time from a fault to the next right image.</summary>
    public static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    private readonly List<LoadedImage> _images = [];

    public ServiceInstance Service { get; private set; } = null!;

    public string Bundle { get; } = Path.Combine(folder.Root, "bundle");

    public IReadOnlyList<LoadedImage> Images => _images;

    public TrialReport Report => report;

    /// <summary>Starts the service and draws the images that everything is compared with.</summary>
    public async Task StartAsync(string sourceBundle, CancellationToken cancellation)
    {
        CopyBundle(sourceBundle);
        Service = Instance("engine", LogTarget.File);
        await Service.StartReadyAsync(cancellation);
        var expected = await ExpectedImages.DrawAsync(Service.Client, Drawn, cancellation);
        for (var number = 0; number < Drawn; number++)
        {
            var (request, file) = expected[number];
            _images.Add(new(request.ToMessage, file));
            if (number % 5 == 4)
            {
                await AddPicturesAsync(file, cancellation);
            }
        }
    }

    /// <summary>Creates an instance that does not run yet.</summary>
    public ServiceInstance Instance(string name, LogTarget log, params IEnumerable<string> settings) => new(
        ServiceBuild.OfFaulty(),
        name,
        folder.File("logs"),
        [
            $"--Model:Bundle={Bundle}", "--Model:Dtype=float32", "--Jobs:Enabled=false", "--Inference:StallTimeout=00:00:02",
            "--Limits:BodyTimeout=00:00:05", .. settings,
        ])
    { Log = log };

    public void CopyBundle(string source)
    {
        Directory.CreateDirectory(Bundle);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(Bundle, Path.GetFileName(file)), overwrite: true);
        }
    }

    public async Task MoveClockAsync(TimeSpan by)
    {
        using var answer = await Service.Client.PostAsync(new Uri($"/faults/clock?seconds={by.TotalSeconds:0}", UriKind.Relative), content: null);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<int> FiredAsync(string kind) =>
        (await Service.Client.GetFromJsonAsync<Dictionary<string, int>>(new Uri("/faults", UriKind.Relative)))![kind];

    /// <summary>Runs an action under load and requires that every image is right meanwhile and after it.</summary>
    public async Task UndisturbedAsync(string what, Func<Task> action)
    {
        await using var load = new FaultyLoad(Service.Client, Images);
        var began = Stopwatch.GetTimestamp();
        load.Start();
        await action();
        await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1));
        RequireRight(what, load.Since(began));
    }

    public void RequireRight(string what, IReadOnlyList<LoadedAnswer> answers)
    {
        var wrong = answers.Where(answer => !answer.IsRight).GroupBy(answer => answer.Code ?? "other bytes").Select(group => $"{group.Count()} {group.Key}");
        var right = answers.Count(answer => answer.IsRight);
        report.Require(
            what, $"{right} of {answers.Count} images right; {string.Join(", ", wrong)}", $"all", right == answers.Count && right > 0);
    }

    /// <summary>Lets a fault happen a number of times under load.</summary>
    public async Task InjectAsync(EngineFault fault, int times, CancellationToken cancellation)
    {
        await using var load = new FaultyLoad(Service.Client, Images);
        load.Start();
        var (began, before, slowest, missing) = (Stopwatch.GetTimestamp(), await FiredAsync(fault.Kind), TimeSpan.Zero, 0);
        for (var time = 1; time <= times; time++)
        {
            await Service.ArmFaultAsync(fault.Kind, 1);
            while (await FiredAsync(fault.Kind) < before + time)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellation);
            }

            var recovered = await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1));
            missing += recovered is null ? 1 : 0;
            slowest = recovered > slowest ? recovered.Value : slowest;
        }

        var answers = load.Since(began);
        var failed = answers.Where(answer => !answer.IsRight).ToList();
        var least = (int)(times * fault.Least);
        var codes = string.Join(", ", failed.GroupBy(answer => answer.Code ?? "other bytes").Select(group => $"{group.Count()} {group.Key}"));
        report.Require(
            $"{fault.Kind}, {times} times",
            $"{failed.Count} requests failed: {(codes.Length == 0 ? "none" : codes)}; {answers.Count - failed.Count} images right",
            $"{least} to {times * fault.Most} {fault.Code ?? "failures"}, all others right",
            failed.TrueForAll(answer => answer.Code == fault.Code) && failed.Count >= least && failed.Count <= times * fault.Most);
        report.Require($"{fault.Kind}: next right image", $"{slowest.TotalSeconds:0.00} s", $"at most 5 s", missing == 0 && slowest <= Recovery);
    }

    public void Dispose() => Service?.Dispose();

    /// <summary>Adds a variation and an edit of a file, which is VQ encoded. A fresh request for one is encoded again.</summary>
    private async Task AddPicturesAsync(byte[] picture, CancellationToken cancellation)
    {
        await AddAsync("variations", () => Form(picture), cancellation);
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(picture.AsSpan(20))); // of IHDR
        var mask = PngPicture.Mask(width, height, (x, _) => x < width / 2);
        await AddAsync("edits", () =>
        {
            var form = Form(picture);
            form.Add(new ByteArrayContent(mask), "mask", "mask.png");
            form.Add(new StringContent("3"), "class_label");
            return form;
        }, cancellation);
    }

    private async Task AddAsync(string route, Func<HttpContent> body, CancellationToken cancellation)
    {
        HttpRequestMessage Request()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/images/{route}", UriKind.Relative)) { Content = body() };
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
            return request;
        }

        using var request = Request();
        using var response = await Service.Client.SendAsync(request, cancellation);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var answer = await response.Content.ReadAsStringAsync(cancellation);
            throw new InvalidOperationException($"A request to {route} was answered with {response.StatusCode}: {answer}");
        }

        _images.Add(new(Request, await response.Content.ReadAsByteArrayAsync(cancellation)));
    }

    private static MultipartFormDataContent Form(byte[] picture) =>
        new() { { new ByteArrayContent(picture), "image", "picture.png" }, { new StringContent("11"), "seed" } };
}
