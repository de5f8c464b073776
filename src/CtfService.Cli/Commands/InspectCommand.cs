using System.CommandLine;
using System.Globalization;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Conversion;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf inspect</c>: what a weight file or bundle holds, without loading it.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "A weight file (PyTorch .pt or safetensors) or the folder of a bundle." };
        var ema = new Option<bool>("--ema") { Description = "Look at the averaged weights of a training checkpoint." };
        var keys = new Option<bool>("--keys") { Description = "List every key with its type and shape." };
        var command = new Command("inspect", "Shows what a weight file or bundle holds: structure, keys, shapes, architecture. Executes nothing in it.") { path, ema, keys };
        command.SetAction((arguments, _) =>
        {
            var name = arguments.GetRequiredValue(path);
            if (Directory.Exists(name))
            {
                Describe(terminal.Output, BundleReader.Open(name));
            }
            else
            {
                using var file = CheckpointFile.Open(name, arguments.GetValue(ema));
                Describe(terminal.Output, file, arguments.GetValue(keys));
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Describe(TextWriter output, TensorFile file, bool listKeys)
    {
        Line(output, "file", $"{file.Path}, {Size(new FileInfo(file.Path).Length)}");
        if (file is PyTorchFile pyTorch)
        {
            Line(output, "container", $"{pyTorch.Container}, {(pyTorch.IsBigEndian ? "big" : "little")}-endian");
            Lines(output, "contents", [.. pyTorch.Form.Contents.Take(20), .. pyTorch.Form.Contents.Count > 20 ? [$"... and {pyTorch.Form.Contents.Count - 20} more"] : Array.Empty<string>()]);
            Line(output, "state dict", pyTorch.Form.Name);
        }
        else
        {
            Line(output, "container", "safetensors");
        }

        var types = string.Join(", ", file.Entries.CountBy(entry => entry.Dtype).Select(type => $"{type.Value} {type.Key}"));
        Line(output, "tensors", $"{Number(file.Entries.Count)} ({types}), {Number(file.ParameterCount)} elements");
        DescribeArchitecture(output, file);
        if (listKeys)
        {
            var width = file.Entries.Select(entry => entry.Name.Length).DefaultIfEmpty().Max();
            Lines(output, "keys", [.. file.Entries.Select(entry => $"{entry.Name.PadRight(width)}  {entry.Dtype,-8} {entry.ShapeText}")]);
        }
    }

    private static void DescribeArchitecture(TextWriter output, TensorFile file)
    {
        Recognition? recognition = TransformerRecognizer.IsTransformer(file) ? TransformerRecognizer.Recognize(file)
            : TokenizerRecognizer.IsTokenizer(file) ? TokenizerRecognizer.Recognize(file)
            : null;
        if (recognition is null)
        {
            Line(output, "model", "neither a transformer nor a tokenizer of the LlamaGen family");
            return;
        }

        var kind = recognition is RecognizedTransformer ? "class-conditional transformer" : "VQ tokenizer";
        Line(output, "model", $"{recognition.PublishedName ?? "another size"}, {kind}");
        Lines(output, "inferred", recognition.Inferred);
        Lines(output, "not in it", recognition.Unknown);
    }

    private static void Describe(TextWriter output, Bundle bundle)
    {
        var manifest = bundle.Manifest;
        Line(output, "bundle", $"{manifest.Name} in {bundle.Directory}, {Size(manifest.Files.Sum(file => file.Bytes))}; every file has the hash of the manifest");
        Line(output, "hash", bundle.Hash);
        Line(output, "images", $"{manifest.ImageWidth}x{manifest.ImageHeight} pixels of {manifest.ClassLabels.Count} classes");
        Line(output, "tokens", $"{manifest.Coarse.GridWidth}x{manifest.Coarse.GridHeight} of {Number(manifest.Tokenizer.CodebookSize)} codewords in {Number(manifest.ClusterCount)} clusters");
        Line(output, "coarse", $"{manifest.Coarse.Layers} layers of width {manifest.Coarse.Width}, {manifest.Coarse.Heads} heads");
        Line(output, "fine", manifest.Fine is { } fine ? $"{fine.Layers} layers of width {fine.Width}, {fine.Heads} heads" : "none: a plain LlamaGen model");
        Line(output, "sampling", $"guidance {Number(manifest.Sampling.Coarse.GuidanceScale)}, temperature {Number(manifest.Sampling.Coarse.Temperature)}");
        Lines(output, "files", [.. manifest.Files.Select(file => $"{file.Name}  {Size(file.Bytes)}")]);
        Lines(output, "training", [.. manifest.Training.Select(fact => $"{fact.Key}: {fact.Value}"), $"data licence: {manifest.DataLicence ?? "unknown"}"]);
    }

    private static void Line(TextWriter output, string title, string text) => output.WriteLine($"{title,-11} {text}");

    private static void Lines(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        foreach (var (line, index) in lines.Select((line, index) => (line, index)))
        {
            Line(output, index == 0 ? title : "", line);
        }
    }

    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => $"{Number(bytes)} bytes",
    };

    private static string Number<T>(T number)
        where T : IFormattable => number.ToString("#,0.##", CultureInfo.InvariantCulture);
}
