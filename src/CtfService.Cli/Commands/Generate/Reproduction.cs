using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Generate;

/// <summary><c>ctf generate --from</c>: reproduces generated files from their provenance and reports whether every byte is the same.</summary>
/// <param name="device">Null for the device in the provenance of each file.</param>
/// <param name="dtype">Null for the element type in the provenance of each file.</param>
/// <param name="overwrite">True to replace files in the output folder that have other contents.</param>
internal sealed class Reproduction(Terminal terminal, string bundle, string? device, string? dtype, bool overwrite)
{
    /// <inheritdoc cref="CtfImageGeneratorFactory.MaxWindow"/>
    public int? MaxWindow { get; init; }

    /// <param name="originals">The pictures that edits were made from.</param>
    /// <param name="output">Folder for the results; each file keeps its name.</param>
    /// <returns>True if every result equals its file, byte for byte.</returns>
    /// <exception cref="InvalidDataException">A file has no provenance, or cannot be reproduced; nothing was generated.</exception>
    /// <exception cref="CheckpointException">A file was made by another bundle; nothing was generated.</exception>
    public bool Run(IReadOnlyList<string> paths, OriginalPictures originals, string output, CancellationToken cancellation)
    {
        var files = paths.Select(GeneratedFile.Read).ToList();
        files.ForEach(file => RequireReproducible(file, output));
        files.ForEach(originals.RequireAnyFor);
        if (files.GroupBy(file => Path.GetFileName(file.Path), StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InvalidDataException(
                $"{string.Join(" and ", twice.Select(file => file.Path))} would both be written to {Target(twice.First(), output)}. "
                + "Reproduce them one by one, each with its own --output.");
        }

        var opened = BundleReader.Open(bundle, cancellation);
        RequireBundle(files, opened.Hash);
        files = [.. files.Select(file => file with { Original = originals.Find(file, opened.Describe()) })];
        OutputPath.Folder("--output", output); // only now: nothing is created if a file is rejected
        var same = true;
        foreach (var group in files.GroupBy(file =>
            (Device: device ?? file.Provenance!.Device ?? "auto", Dtype: dtype ?? file.Provenance!.Dtype, Window: MaxWindow ?? WindowOf(file.Provenance!))))
        {
            var placement = () => Placement(group.Key.Device, group.Key.Dtype, group.First().Path);
            using var generator = new CtfImageGeneratorFactory(bundle, placement) { MaxWindow = group.Key.Window }.Load(terminal, cancellation);
            foreach (var file in group)
            {
                same &= Reproduce(file, generator, output, cancellation);
            }
        }

        return same;
    }

    private void RequireReproducible(GeneratedFile file, string output)
    {
        if (file.Provenance is not { } provenance)
        {
            throw new InvalidDataException(
                $"{file.Path}: has no provenance. It was not made by CtfService, or another program removed it. "
                + "Name the class and seed with --class and --seed.");
        }

        if (provenance.Obstacle is { } obstacle)
        {
            throw new InvalidDataException($"{file.Path}: cannot be reproduced: {obstacle}.");
        }

        if (Path.GetFullPath(Target(file, output)) == Path.GetFullPath(file.Path))
        {
            throw new InvalidDataException($"{file.Path}: is in the output folder and would be overwritten. Choose another folder with --output.");
        }

        if (!overwrite && File.Exists(Target(file, output)) && !File.ReadAllBytes(Target(file, output)).AsSpan().SequenceEqual(file.Bytes))
        {
            throw new InvalidDataException(
                $"{Target(file, output)}: already exists with other contents. Choose another folder with --output, or add --overwrite to replace it.");
        }
    }

    private void RequireBundle(List<GeneratedFile> files, string hash)
    {
        if (files.Find(file => file.Provenance!.BundleHash != hash) is { } other)
        {
            throw new CheckpointException(
                $"{other.Path}: was made by the model '{other.Provenance!.Model}' of the bundle {other.Provenance.BundleHash}, "
                + $"but {bundle} is the bundle {hash}. Name the bundle that made it with --bundle.");
        }
    }

    /// <summary>Returns the window that the file was drawn with; null if images do not depend on it.</summary>
    private static int? WindowOf(ImageProvenance provenance) => provenance.Window ?? (provenance.Device == "cpu" ? null : 1);

    private static string Target(GeneratedFile file, string output) => Path.Combine(output, Path.GetFileName(file.Path));

    /// <param name="dtype">Null if the file does not name it: it is older than the choice of an element type by measurement.</param>
    private static ModelPlacement Placement(string device, string? dtype, string path)
    {
        try
        {
            var placement = ModelPlacement.Parse(device, dtype ?? "auto");
            return dtype is null ? placement with { ChoosesDtype = false } : placement;
        }
        catch (ArgumentException error) // it comes from the file, so it is not a usage error
        {
            throw new InvalidDataException($"{path}: {error.Message} Set --device and --dtype.", error);
        }
    }

    private bool Reproduce(GeneratedFile file, IImageGenerator generator, string output, CancellationToken cancellation)
    {
        var bytes = Generate(file, generator, cancellation);
        var path = Target(file, output);
        File.WriteAllBytes(path, bytes);
        var same = bytes.AsSpan().SequenceEqual(file.Bytes);
        ReportJson.WriteLine(terminal.Output, new { File = path, From = file.Path, Identical = same });
        if (!same)
        {
            terminal.Error.WriteLine($"{file.Path}: the reproduced file differs. {Reason(file.Provenance!, generator.Model)}");
        }

        return same;
    }

    private static byte[] Generate(GeneratedFile file, IImageGenerator generator, CancellationToken cancellation)
    {
        var old = file.Provenance!;
        IReadOnlyList<ImageSpecification> specifications;
        try
        {
            specifications = old.Specifications(generator.Model, file.Original);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{file.Path}: {error.Message}", error);
        }

        RgbImage[] images = [.. generator.Generate(specifications, cancellation).Select(image => image.Image)];
        var provenance = ImageProvenance.Of(generator.Model, specifications[0]);
        var picture = images[0];
        if (old.Sheet is { } sheet)
        {
            picture = ContactSheet.Compose(images, sheet.Columns);
            provenance = provenance.OnSheet(sheet, everyClass: old.ClassId is null);
        }

        // Another version that draws the same pixels has made the same file. If it is not the same, the file says what made it now.
        var same = Encode(provenance with { Software = old.Software, Sampler = old.Sampler });
        return same.AsSpan().SequenceEqual(file.Bytes) ? same : Encode(provenance);

        byte[] Encode(ImageProvenance stated) => ImageFile.Encode(picture, stated, file.Format, old.Quality ?? ImageCodec.DefaultQuality);
    }

    private static string Reason(ImageProvenance old, ModelDescription model)
    {
        if (old.Software != ImageProvenance.ThisSoftware)
        {
            return $"It was made by {old.Software}, this is {ImageProvenance.ThisSoftware}.";
        }

        if (old.Window != model.Window)
        {
            return $"It was computed with {old.Window ?? 1} positions of an image in a step, now with {model.Window ?? 1}; libtorch rounds differently then.";
        }

        return (old.Device, old.Dtype) != (model.Device, model.Dtype)
            ? $"It was computed on {old.Device} in {old.Dtype}, now on {model.Device} in {model.Dtype}, where rounding differs."
            : "It was changed later, or computed on a processor with another vector width, where rounding differs.";
    }
}
