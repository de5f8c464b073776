using System.Diagnostics;
using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.Benchmarks;

/// <summary>
/// Measures the time and peak memory of converting and loading a published size: writes PyTorch files with random weights, then runs <c>ctf convert</c> and
/// <c>ctf bench loading</c> in separate processes, so that each peak is that of one command.
/// </summary>
internal static class CheckpointMeasurement
{
    private const string Tokenizer = "VQ-16";

    public static int Run(string size, string folder)
    {
        Directory.CreateDirectory(folder);
        var tokenizer = Write(Tokenizer, Path.Combine(folder, "vq_ds16_c2i.pt"));
        var transformer = Write(size, Path.Combine(folder, $"c2i_{size[4..]}_256.pt"));
        var bundle = Path.Combine(folder, "bundle");
        if (Directory.Exists(bundle))
        {
            Directory.Delete(bundle, recursive: true);
        }

        var convert = Ctf("convert", "--tokenizer", tokenizer, "--transformer", transformer, "--output", bundle);
        var load = Ctf("bench", "loading", "--bundle", bundle, "--device", "cpu", "--dtype", "float32");
        var files = new FileInfo(tokenizer).Length + new FileInfo(transformer).Length;
        Report("convert", convert, files);
        Report("load", load, files);
        return 0;
    }

    private static string Write(string name, string path)
    {
        var shapes = PublishedShapes.Of(name);
        if (!File.Exists(path))
        {
            TorchFileWriter.Write(path, shapes, TorchFileWriter.FillRandom);
        }

        Console.WriteLine($"{path}: {new FileInfo(path).Length:N0} bytes");
        return path;
    }

    private static void Report(string what, JsonElement report, long files)
    {
        var peak = report.GetProperty("peak_memory_bytes").GetInt64();
        var seconds = report.GetProperty("seconds").GetDouble();
        Console.WriteLine(FormattableString.Invariant(
            $"{what}: {seconds:0.00} s, peak memory {peak / 1e6:0} MB, {(double)peak / files:0.00} times the {files / 1e6:0} MB of files"));
    }

    private static JsonElement Ctf(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonDocument.Parse(output).RootElement
            : throw new InvalidOperationException($"ctf {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
