using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary><c>ctf generate</c>: generates images with a bundle, without HTTP.</summary>
internal static class GenerateCommand
{
    private const int BatchSize = 24;

    public static Command Create(Terminal terminal)
    {
        var options = new GenerateOptions();
        var command = new Command("generate", "Generates images with a bundle; prints one line of JSON per image.");
        options.AddTo(command);
        command.SetAction((arguments, cancellation) =>
        {
            var output = arguments.GetRequiredValue(options.Output);
            var bundle = options.Bundle.Folder(arguments);
            if (options.From(arguments) is { Count: > 0 } files)
            {
                var (device, dtype) = options.TypedPlacement(arguments);
                var reproduction = new Reproduction(terminal, bundle, device, dtype, arguments.GetValue(options.Overwrite));
                return reproduction.Run(files, output, cancellation);
            }

            Draw(terminal, options, arguments, bundle, OutputPath.Folder(options.Output.Name, output), cancellation);
            return true;
        });
        return command;
    }

    private static void Draw(Terminal terminal, GenerateOptions options, ParseResult arguments, string bundle, string output, CancellationToken cancellation)
    {
        var sheetPath = options.Sheet(arguments) is { } path ? OutputPath.File("--sheet", path) : null;
        using var generator = new CtfImageGeneratorFactory(bundle, options.Placement(arguments)).Load(cancellation);
        var model = generator.Model;
        var classes = options.Classes.Classes(arguments, model);
        var count = arguments.GetValue(options.Count);
        var (coarse, fine) = (options.Sampling.Coarse(arguments, model.DefaultCoarse), options.Sampling.Fine(arguments, model.DefaultFine));
        List<ImageSpecification> specifications = [.. classes.SelectMany(label => Enumerable.Range(0, count)
            .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(arguments.GetValue(options.Seed), i), coarse, fine)))];
        var encoding = options.Encoding(arguments);
        List<PlannedImage> planned = [.. specifications.Select(image => Plan(model, image, output, encoding))];
        var sheet = sheetPath is null
            ? null
            : Sheet.Plan(sheetPath, model, specifications, new SheetShape(count, arguments.GetValue(options.Columns)), classes.Count, encoding.Quality);
        var target = new ImageOutput(arguments.GetValue(options.Overwrite));
        target.RequireFree(sheet is null ? planned : [.. planned, sheet.File]);
        var images = Draw(terminal, generator, specifications, planned, target, cancellation);
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

    private static List<RgbImage> Draw(
        Terminal terminal,
        IImageGenerator generator,
        List<ImageSpecification> specifications,
        List<PlannedImage> planned,
        ImageOutput target,
        CancellationToken cancellation)
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
