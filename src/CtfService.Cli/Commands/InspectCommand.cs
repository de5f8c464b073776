using System.CommandLine;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Conversion;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf inspect</c>: what a weight file or bundle holds, without loading it, and where an image file comes from.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "A weight file (PyTorch .pt, safetensors or NumPy), the folder of a bundle, or an image (PNG, JPEG or WebP)." };
        var ema = new Option<bool>("--ema") { Description = "Look at the averaged weights of a training checkpoint." };
        var keys = new Option<bool>("--keys") { Description = "List every key with its type and shape." };
        var command = new Command("inspect", "Shows what a weight file or bundle holds (structure, keys, shapes, architecture; executes nothing in it) or where an image comes from.") { path, ema, keys };
        command.SetAction((arguments, _) =>
        {
            var name = arguments.GetRequiredValue(path);
            if (Directory.Exists(name))
            {
                Describe(terminal.Output, BundleReader.Open(name));
            }
            else if (GeneratedFile.IsImage(name))
            {
                ImageReport.Write(terminal.Output, GeneratedFile.Read(name));
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
        Recognition? recognition = TransformerRecognizer.IsTransformer(file) ? TransformerRecognizer.Recognize(file)
            : TokenizerRecognizer.IsTokenizer(file) ? TokenizerRecognizer.Recognize(file)
            : null;
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
        ReportText.Line(output, "tokens", $"{manifest.Coarse.GridWidth}x{manifest.Coarse.GridHeight} of {ReportText.Number(manifest.Tokenizer.CodebookSize)} codewords in {ReportText.Number(manifest.ClusterCount)} clusters");
        ReportText.Line(output, "coarse", $"{manifest.Coarse.Layers} layers of width {manifest.Coarse.Width}, {manifest.Coarse.Heads} heads");
        ReportText.Line(output, "fine", manifest.Fine is { } fine ? $"{fine.Layers} layers of width {fine.Width}, {fine.Heads} heads" : "none: a plain LlamaGen model");
        ReportText.Line(output, "sampling", $"guidance {ReportText.Number(manifest.Sampling.Coarse.GuidanceScale)}, temperature {ReportText.Number(manifest.Sampling.Coarse.Temperature)}");
        ReportText.Lines(output, "files", [.. manifest.Files.Select(file => $"{file.Name}  {ReportText.Size(file.Bytes)}")]);
        ReportText.Lines(output, "training", [.. manifest.Training.Select(fact => $"{fact.Key}: {fact.Value}"), $"data licence: {manifest.DataLicence ?? "unknown"}"]);
    }
}
