using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CtfService.TestSupport;
using Xunit.Abstractions;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary><c>--plan</c>: what a training will need, before anything starts.</summary>
public sealed class PlanTests(TrainedRun trained, ITestOutputHelper output) : IClassFixture<TrainedRun>, IDisposable
{
    /// <summary>Bytes of libtorch's and .NET's files in the working set for which the plan counts 240 MB.</summary>
    private const long ProgramFiles = 123_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train-coarse", "3B", 24, 8704, 2_995_078_400)]
    [InlineData("train-fine", "XXL", 48, 4096, 1_386_593_280)]
    public async Task Plan_NoRun_IsThatOfImageNetAndSaysSo(string command, string size, int layers, int feedForward, long parameters)
    {
        var run = await Succeed(command, "--plan", "--json", "--size", size, "--run", _folder.File("none"));

        var plan = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(parameters, plan.GetProperty("parameters").GetInt64());
        Assert.Equal(layers, plan.GetProperty("model").GetProperty("layers").GetInt32());
        Assert.Equal(feedForward, plan.GetProperty("model").GetProperty("feed_forward_width").GetInt32());
        Assert.Equal(2 * parameters * sizeof(float), plan.GetProperty("memory_bytes").GetProperty("adam").GetInt64());
        Assert.Contains("Assumed, because ", run.Error, StringComparison.Ordinal);
        Assert.Contains("1,281,167 images of 1,000 classes", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("none")));
    }

    [Fact]
    public async Task Plan_OfARun_UsesItsParts()
    {
        var run = await Succeed("train-fine", "--plan", "--json", "--width", "32", "--heads", "2", "--run", trained.Copy(_folder));

        var model = JsonDocument.Parse(run.Output).RootElement.GetProperty("model");
        Assert.Equal(4, model.GetProperty("input_vocabulary").GetInt32());
        Assert.Equal(16, model.GetProperty("output_vocabulary").GetInt32());
        Assert.Equal(16, model.GetProperty("positions").GetInt32());
        Assert.Equal(9, model.GetProperty("classes").GetInt32());
        Assert.DoesNotContain("Assumed", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_AsText_ShowsEveryPartAndThePaper()
    {
        var run = await Succeed("train-coarse", "--plan", "--size", "L", "--batch", "256", "--run", _folder.File("none"));

        Assert.All(
            ["310,405,120", "gradients", "Adam", "EMA", "activations", "126.38 TFLOP", "one H100", "checkpoint", "1,501,200", "weight decay", "3.8, 2.97"],
            part => Assert.Contains(part, run.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--size defines the whole size, and --width a part of it: use only one of them.", "--plan", "--size", "B", "--width", "64")]
    [InlineData("--size is 'M', expected one of B, L, XL, XXL, 3B.", "--plan", "--size", "M")]
    [InlineData("--json is the form of a plan: add --plan.", "--data", "/nowhere", "--json")]
    [InlineData("--beta2 is '1', expected a number, 0 to 0.99999", "--plan", "--beta2", "1")]
    public async Task Options_Contradicting_AreUsageErrors(string message, params string[] options)
    {
        var run = await CommandRun.Of(["train-coarse", "--run", _folder.File("none"), .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    /// <summary>
    /// The peak of live memory in a process of its own: glibc keeps freed blocks below its threshold, so the test sets it low. Two steps, because the first
    /// has neither gradients nor moments.
    /// </summary>
    [Theory]
    [InlineData("train-coarse", "--width", "128", "--layers", "4", "--heads", "4", "--batch", "192")]
    [InlineData("train-coarse", "--width", "256", "--layers", "3", "--heads", "4", "--batch", "64")]
    [InlineData("train-fine", "--width", "128", "--layers", "3", "--heads", "8", "--batch", "128")]
    public async Task PlannedPeak_ThreeSmallSizes_IsWithin15PercentOfTheMeasured(string command, params string[] size)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var run = trained.Copy(_folder);
        string[] arguments = [command, "--run", run, "--dtype", "float32", .. size];
        var plan = JsonDocument.Parse((await Succeed([.. arguments, "--plan", "--json"])).Output).RootElement;
        var planned = plan.GetProperty("memory_bytes").GetProperty("peak").GetInt64();

        var measured = await PeakOf([.. arguments, "--data", trained.Data, "--steps", "2", "--overwrite"]);

        output.WriteLine($"{command} {string.Join(' ', size)}: planned {planned / 1e6:0} MB, measured {measured / 1e6:0} MB");
        Assert.Equal(1, (double)planned / measured, tolerance: 0.15);
    }

    /// <summary>
    /// Returns the largest working set of the process until it evaluates, in bytes, with as many pages of its files as the plan counts: how many are mapped
    /// depends on the kernel and on how the files came into its cache.
    /// </summary>
    private static async Task<long> PeakOf(string[] arguments)
    {
        using var training = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["MALLOC_MMAP_THRESHOLD_"] = "524288" },
        })!;
        var (peak, errors) = (0L, new List<string>());
        while (await training.StandardError.ReadLineAsync() is { } line)
        {
            errors.Add(line);
            if (line.Contains(" 2/2: loss", StringComparison.Ordinal))
            {
                var memory = File.ReadLines($"/proc/{training.Id}/status").Select(field => field.Split(' ', '\t')).Where(words => words[^1] == "kB")
                    .ToDictionary(words => words[0], words => long.Parse(words[^2], CultureInfo.InvariantCulture) << 10);
                peak = memory["VmHWM:"] - memory["RssFile:"] + ProgramFiles;
            }
        }

        await training.WaitForExitAsync();
        Assert.True(training.ExitCode == 0 && peak > 0, string.Join(Environment.NewLine, errors));
        return peak;
    }
}
