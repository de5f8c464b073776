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

/// <summary><c>ctf inspect</c>: shows the contents of a weight file or bundle without loading it, and the provenance of an image file.</summary>
internal static class InspectCommand
{
    private const int MostContents = 20;

    public static Command Create(Terminal terminal)
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "One or more weight files (PyTorch .pt, safetensors, NumPy), bundle folders, or images (PNG, JPEG, WebP).",
            Arity = ArgumentArity.OneOrMore,
        };
        var ema = new Option<bool>("--ema") { Description = "Show the averaged (EMA) weights of a training checkpoint." };
        var keys = new Option<bool>("--keys") { Description = "List every key with its type and shape." };
        var json = new Option<bool>("--json") { Description = "Print one line of JSON per file." };
        var command = new Command(
            "inspect",
            "Shows the contents of weight files and bundles, without executing code in them, and the provenance of images.")
        {
            paths, ema, keys, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var form = new Form(terminal.Output, arguments.GetValue(json), arguments.GetValue(ema), arguments.GetValue(keys));
            return InspectAll(terminal, arguments.GetRequiredValue(paths), form, cancellation);
        });
        return command;
    }

    /// <summary>Shows every file. One that cannot be read is reported, and the others are still shown.</summary>
    /// <returns>True if every file was read.</returns>
    private static bool InspectAll(Terminal terminal, IReadOnlyList<string> paths, Form form, CancellationToken cancellation)
    {
        var isComplete = true;
        foreach (var (path, number) in paths.Select((path, number) => (path, number)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (number > 0 && !form.AsJson)
            {
                terminal.Output.WriteLine();
            }

            try
            {
                Inspect(path, form);
            }
            catch (Exception error) when (FailureReport.IsForTheUser(error))
            {
                FailureReport.Write(terminal.Error, error);
                isComplete = false;
            }
        }

        return isComplete;
    }

    private static void Inspect(string path, Form form)
    {
        if (Directory.Exists(path))
        {
            Show(form, BundleReader.Open(path), InspectJson.Write, Describe);
        }
        else if (GeneratedFile.IsImage(path))
        {
            Show(form, GeneratedFile.Read(path), InspectJson.Write, ImageReport.Write);
        }
        else
        {
            using var file = CheckpointFile.Open(path, form.Ema);
            Show(
                form,
                file,
                (output, weights) => InspectJson.Write(output, weights, Recognize(weights), form.ListKeys),
                (output, weights) => Describe(output, weights, form.ListKeys));
        }
    }

    private static void Show<T>(Form form, T found, Action<TextWriter, T> asJson, Action<TextWriter, T> asText) =>
        (form.AsJson ? asJson : asText)(form.Output, found);

    private static Recognition? Recognize(TensorFile file) => TransformerRecognizer.IsTransformer(file) ? TransformerRecognizer.Recognize(file)
        : TokenizerRecognizer.IsTokenizer(file) ? TokenizerRecognizer.Recognize(file)
        : null;

    private static void Describe(TextWriter output, TensorFile file, bool listKeys)
    {
        ReportText.Line(output, "file", $"{file.Path}, {ReportText.Size(new FileInfo(file.Path).Length)}");
        if (file is PyTorchFile pyTorch)
        {
            ReportText.Line(output, "container", $"{pyTorch.Container}, {(pyTorch.IsBigEndian ? "big" : "little")}-endian");
            var contents = pyTorch.Form.Contents;
            string[] more = contents.Count > MostContents ? [$"... and {contents.Count - MostContents} more"] : [];
            ReportText.Lines(output, "contents", [.. contents.Take(MostContents), .. more]);
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
        ReportText.Line(output, "model", $"{recognition.PublishedName ?? "unpublished size"}, {kind}");
        ReportText.Lines(output, "inferred", recognition.Inferred);
        ReportText.Lines(output, "not in it", recognition.Unknown);
    }

    private static void Describe(TextWriter output, Bundle bundle)
    {
        var manifest = bundle.Manifest;
        var size = ReportText.Size(manifest.Files.Sum(file => file.Bytes));
        var (codewords, clusters) = (ReportText.Number(manifest.Tokenizer.CodebookSize), ReportText.Number(manifest.ClusterCount));
        var coarse = manifest.Sampling.Coarse;
        ReportText.Line(output, "bundle", $"{manifest.Name} in {bundle.Directory}, {size}; all hashes match the manifest");
        ReportText.Line(output, "hash", bundle.Hash);
        ReportText.Line(output, "images", $"{manifest.ImageWidth}x{manifest.ImageHeight} pixels of {manifest.ClassLabels.Count} classes");
        ReportText.Line(output, "classes", NameList.Of(manifest.ClassLabels));
        ReportText.Line(output, "tokens", $"{manifest.Coarse.GridWidth}x{manifest.Coarse.GridHeight} of {codewords} codewords in {clusters} clusters");
        ReportText.Line(output, "coarse", $"{manifest.Coarse.Layers} layers of width {manifest.Coarse.Width}, {manifest.Coarse.Heads} heads");
        ReportText.Line(
            output, "fine", manifest.Fine is { } fine ? $"{fine.Layers} layers of width {fine.Width}, {fine.Heads} heads" : "none: a plain LlamaGen model");
        ReportText.Line(output, "sampling", $"guidance {ReportText.Number(coarse.GuidanceScale)}, temperature {ReportText.Number(coarse.Temperature)}");
        ReportText.Lines(output, "formats", [.. Formats(manifest)]);
        ReportText.Lines(output, "files", [.. manifest.Files.Select(file => $"{file.Name}  {ReportText.Size(file.Bytes)}")]);
        var training = manifest.Training.Select(fact => $"{fact.Key}: {fact.Value}");
        ReportText.Lines(output, "training", [.. training, $"data licence: {manifest.DataLicence ?? "unknown"}"]);
    }

    /// <summary>Returns a line for each weight format: its recorded quality, and whether it counts as equal to float32's.</summary>
    private static IEnumerable<string> Formats(BundleManifest manifest)
    {
        if (manifest.Evaluation is not { } evaluation)
        {
            return ["no evaluation recorded, so 'auto' is float32 on the CPU; 'ctf evaluate --dtype all --record' records one"];
        }

        return evaluation.Formats.Select(format =>
            $"{format.Dtype}: class accuracy {FormatTable.Accuracy(format)}, FID {FormatTable.Fid(format)}; "
            + (FormatRule.Obstacle(manifest, format.Dtype) is { } obstacle ? $"not equal to float32: {obstacle}" : "counts as equal to float32"));
    }

    /// <summary>What to show of a file, and in which form.</summary>
    private sealed record Form(TextWriter Output, bool AsJson, bool Ema, bool ListKeys);
}
