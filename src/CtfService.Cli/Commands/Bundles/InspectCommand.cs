using System.CommandLine;
using CtfService.Cli.Commands.Generate;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Conversion;
using CtfService.Training.Data;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf inspect</c>: what a weight file or bundle holds, without loading it, and where an image file comes from.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "Weight files (PyTorch .pt, safetensors or NumPy), folders of bundles, or images (PNG, JPEG or WebP), one or more.",
            Arity = ArgumentArity.OneOrMore,
        };
        var ema = new Option<bool>("--ema") { Description = "Look at the averaged weights of a training checkpoint." };
        var keys = new Option<bool>("--keys") { Description = "List every key with its type and shape." };
        var json = new Option<bool>("--json") { Description = "Print one line of JSON for each file." };
        var command = new Command(
            "inspect",
            "Shows what weight files or bundles hold (structure, keys, shapes, architecture; executes nothing in them) or where images come from.")
        {
            paths, ema, keys, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var how = new Manner(terminal.Output, arguments.GetValue(json), arguments.GetValue(ema), arguments.GetValue(keys));
            return InspectAll(terminal, arguments.GetRequiredValue(paths), how, cancellation);
        });
        return command;
    }

    /// <summary>A file that cannot be read does not keep the others from being shown.</summary>
    /// <returns>True if every file was read.</returns>
    private static bool InspectAll(Terminal terminal, IReadOnlyList<string> paths, Manner how, CancellationToken cancellation)
    {
        var isWhole = true;
        foreach (var (path, number) in paths.Select((path, number) => (path, number)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (number > 0 && !how.AsJson)
            {
                terminal.Output.WriteLine();
            }

            try
            {
                Inspect(path, how);
            }
            catch (Exception error) when (FailureReport.IsForTheUser(error))
            {
                FailureReport.Write(terminal.Error, error);
                isWhole = false;
            }
        }

        return isWhole;
    }

    private static void Inspect(string path, Manner how)
    {
        if (Directory.Exists(path))
        {
            Show(how, BundleReader.Open(path), InspectJson.Write, Describe);
        }
        else if (GeneratedFile.IsImage(path))
        {
            Show(how, GeneratedFile.Read(path), InspectJson.Write, ImageReport.Write);
        }
        else
        {
            using var file = CheckpointFile.Open(path, how.Ema);
            Show(
                how,
                file,
                (output, weights) => InspectJson.Write(output, weights, Recognize(weights), how.ListKeys),
                (output, weights) => Describe(output, weights, how.ListKeys));
        }
    }

    private static void Show<T>(Manner how, T found, Action<TextWriter, T> asJson, Action<TextWriter, T> asText) =>
        (how.AsJson ? asJson : asText)(how.Output, found);

    private static Recognition? Recognize(TensorFile file) => TransformerRecognizer.IsTransformer(file) ? TransformerRecognizer.Recognize(file)
        : TokenizerRecognizer.IsTokenizer(file) ? TokenizerRecognizer.Recognize(file)
        : null;

    private static void Describe(TextWriter output, TensorFile file, bool listKeys)
    {
        ReportText.Line(output, "file", $"{file.Path}, {ReportText.Size(new FileInfo(file.Path).Length)}");
        if (file is PyTorchFile pyTorch)
        {
            ReportText.Line(output, "container", $"{pyTorch.Container}, {(pyTorch.IsBigEndian ? "big" : "little")}-endian");
            ReportText.Lines(output, "contents", [.. pyTorch.Form.Contents.Take(20), .. pyTorch.Form.Contents.Count > 20 ? [$"... and {pyTorch.Form.Contents.Count - 20} more"] : Array.Empty<string>()]);
            ReportText.Line(output, "state dict", pyTorch.Form.Name);
        }
        else
        {
            ReportText.Line(output, "container", file.Container);
        }

        var types = string.Join(", ", file.Entries.CountBy(entry => entry.Dtype).Select(type => $"{type.Value} {type.Key}"));
        ReportText.Line(output, "tensors", $"{ReportText.Number(file.Entries.Count)} ({types}), {ReportText.Number(file.ParameterCount)} elements");
        DescribeArchitecture(output, file);
        if (listKeys)
        {
            var width = file.Entries.Select(entry => entry.Name.Length).DefaultIfEmpty().Max();
            ReportText.Lines(output, "keys", [.. file.Entries.Select(entry => $"{entry.Name.PadRight(width)}  {entry.Dtype,-8} {entry.ShapeText}")]);
        }
    }

    private static void DescribeArchitecture(TextWriter output, TensorFile file)
    {
        var recognition = Recognize(file);
        if (recognition is null)
        {
            ReportText.Line(output, "model", "neither a transformer nor a tokenizer of the LlamaGen family");
            return;
        }

        var kind = recognition is RecognizedTransformer ? "class-conditional transformer" : "VQ tokenizer";
        ReportText.Line(output, "model", $"{recognition.PublishedName ?? "another size"}, {kind}");
        ReportText.Lines(output, "inferred", recognition.Inferred);
        ReportText.Lines(output, "not in it", recognition.Unknown);
    }

    private static void Describe(TextWriter output, Bundle bundle)
    {
        var manifest = bundle.Manifest;
        ReportText.Line(output, "bundle", $"{manifest.Name} in {bundle.Directory}, {ReportText.Size(manifest.Files.Sum(file => file.Bytes))}; every file has the hash of the manifest");
        ReportText.Line(output, "hash", bundle.Hash);
        ReportText.Line(output, "images", $"{manifest.ImageWidth}x{manifest.ImageHeight} pixels of {manifest.ClassLabels.Count} classes");
        ReportText.Line(output, "classes", NameList.Of(manifest.ClassLabels));
        ReportText.Line(output, "tokens", $"{manifest.Coarse.GridWidth}x{manifest.Coarse.GridHeight} of {ReportText.Number(manifest.Tokenizer.CodebookSize)} codewords in {ReportText.Number(manifest.ClusterCount)} clusters");
        ReportText.Line(output, "coarse", $"{manifest.Coarse.Layers} layers of width {manifest.Coarse.Width}, {manifest.Coarse.Heads} heads");
        ReportText.Line(output, "fine", manifest.Fine is { } fine ? $"{fine.Layers} layers of width {fine.Width}, {fine.Heads} heads" : "none: a plain LlamaGen model");
        ReportText.Line(output, "sampling", $"guidance {ReportText.Number(manifest.Sampling.Coarse.GuidanceScale)}, temperature {ReportText.Number(manifest.Sampling.Coarse.Temperature)}");
        ReportText.Lines(output, "files", [.. manifest.Files.Select(file => $"{file.Name}  {ReportText.Size(file.Bytes)}")]);
        ReportText.Lines(output, "training", [.. manifest.Training.Select(fact => $"{fact.Key}: {fact.Value}"), $"data licence: {manifest.DataLicence ?? "unknown"}"]);
    }

    /// <summary>How files are looked at and shown.</summary>
    private sealed record Manner(TextWriter Output, bool AsJson, bool Ema, bool ListKeys);
}
