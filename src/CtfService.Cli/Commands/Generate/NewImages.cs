using System.CommandLine;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary>Draws the images that the options describe, writes them and prints one line of JSON for each.</summary>
/// <param name="inputs">Files that the images are made from, which are never replaced.</param>
internal sealed class NewImages(Terminal terminal, NewImageOptions options, ParseResult arguments, params IReadOnlyList<string> inputs)
{
    private const int BatchSize = 24;

    /// <param name="bundle">Folder of the bundle.</param>
    /// <param name="layout">Source of the layouts of all images.</param>
    /// <exception cref="IOException">A file exists with other contents; nothing was drawn.</exception>
    /// <exception cref="UsageException">The options do not fit the model; nothing was drawn.</exception>
    public void Draw(string bundle, LayoutSource layout, CancellationToken cancellation)
    {
        var output = options.Folder(arguments);
        var sheetPath = options.SheetFile(arguments);
        var factory = new CtfImageGeneratorFactory(bundle, options.Placement(arguments)) { MaxWindow = options.MaxWindow(arguments) };
        using var generator = factory.Load(terminal, cancellation);
        var model = generator.Model;
        var classes = options.Classes.Classes(arguments, model);
        var count = arguments.GetValue(options.Count);
        var (coarse, fine) = (options.Sampling.Coarse(arguments, model.DefaultCoarse), options.Sampling.Fine(arguments, model.DefaultFine));
        List<ImageSpecification> specifications = [.. classes.SelectMany(label => Enumerable.Range(0, count)
            .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(arguments.GetValue(options.Seed), i), coarse, fine) { Layout = layout }))];
        var encoding = options.Encoding(arguments);
        List<PlannedImage> planned = [.. specifications.Select(image => Plan(model, image, output, encoding))];
        var sheet = sheetPath is null
            ? null
            : Sheet.Plan(sheetPath, model, specifications, new SheetShape(count, arguments.GetValue(options.Columns)), classes.Count, encoding.Quality);
        var target = new ImageOutput(arguments.GetValue(options.Overwrite), inputs);
        target.RequireFree(sheet is null ? planned : [.. planned, sheet.File]);
        var images = Write(generator, specifications, planned, target, cancellation);
        if (sheet is not null)
        {
            target.Write(sheet.File, ContactSheet.Compose(images, sheet.Columns));
        }
    }

    private static PlannedImage Plan(ModelDescription model, ImageSpecification image, string output, (ImageFormat Format, int Quality) encoding)
    {
        var path = Path.Combine(output, model.Classes.FileNames[image.ClassId], $"{image.Seed}{FileEndings.Of(encoding.Format)}");
        return new PlannedImage(path, ImageProvenance.Of(model, image), encoding.Format, encoding.Quality);
    }

    private List<RgbImage> Write(
        IImageGenerator generator, List<ImageSpecification> specifications, List<PlannedImage> planned, ImageOutput target, CancellationToken cancellation)
    {
        var images = new List<RgbImage>();
        foreach (var image in specifications.Chunk(BatchSize).SelectMany(batch => generator.Generate(batch, cancellation)))
        {
            var (label, file) = (generator.Model.Classes.Labels[image.Specification.ClassId], planned[images.Count]);
            target.Write(file, image.Image);
            var line = new { File = file.Path, ClassId = label.Id, ClassLabel = label.Name, image.Specification.Seed, Model = generator.Model.Name };
            ReportJson.WriteLine(terminal.Output, line);
            images.Add(image.Image);
        }

        return images;
    }
}
