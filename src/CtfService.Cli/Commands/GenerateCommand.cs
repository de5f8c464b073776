using System.CommandLine;
using System.Text.Json;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf generate</c>: images from a bundle, without HTTP; one line of JSON for each.</summary>
internal static class GenerateCommand
{
    private const int BatchSize = 24;

    private static readonly JsonSerializerOptions OneLine = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create(Terminal terminal)
    {
        var bundle = CommandOption.WithDefault("--bundle", "Folder of the bundle.", Path.Combine("models", "fruits-64"));
        var className = CommandOption.WithDefault("--class", "Class name or number; 'all' for every class in turn.", "all");
        var count = CommandOption.Number("--count", "Images of each class.", 1, TrainingRanges.Images);
        var seed = CommandOption.Seed();
        var output = CommandOption.WithDefault("--output", "Folder for the images, one subfolder per class.", Path.Combine("runs", "generated"));
        var guidance = CommandOption.OptionalNumber("--guidance-scale", "Guidance of the coarse stage, 1 is off; the bundle's default if not given.", SamplingSettings.GuidanceScaleRange);
        var temperature = CommandOption.OptionalNumber("--temperature", "Temperature of the coarse stage; the bundle's default if not given.", SamplingSettings.TemperatureRange);
        var sheet = new Option<string?>("--sheet") { Description = "Also write all images as one PNG." };
        var from = new Option<string[]>("--from") { Description = "Image files of CtfService to make again, byte for byte, from what they say of themselves; needs their bundle.", AllowMultipleArgumentsPerToken = true };
        var (device, dtype) = PlacementOptions.Create();
        var columns = CommandOption.Number("--columns", "Images in a row of the sheet.", 6, TrainingRanges.Images);
        var command = new Command("generate", "Generates images with a bundle; prints one line of JSON per image.") { bundle, className, count, seed, output, guidance, temperature, sheet, columns, device, dtype, from };
        RefuseBeside(command, from, className, count, seed, guidance, temperature, sheet, columns);
        command.SetAction((arguments, cancellation) =>
        {
            if (arguments.GetValue(from) is { Length: > 0 } files)
            {
                var reproduction = new Reproduction(terminal, arguments.GetRequiredValue(bundle), Said(arguments, device), Said(arguments, dtype));
                return Task.FromResult(reproduction.Run(files, arguments.GetRequiredValue(output), cancellation) ? CommandLine.Success : CommandLine.Failure);
            }

            using var generator = new CtfImageGeneratorFactory(
                arguments.GetRequiredValue(bundle), () => ModelPlacement.Parse(arguments.GetRequiredValue(device), arguments.GetRequiredValue(dtype))).Load(cancellation);
            var coarse = generator.Model.DefaultCoarse;
            coarse = coarse with { GuidanceScale = arguments.GetValue(guidance) ?? coarse.GuidanceScale, Temperature = arguments.GetValue(temperature) ?? coarse.Temperature };
            var classes = Classes(generator.Model, arguments.GetRequiredValue(className));
            IReadOnlyList<ImageSpecification> specifications = [.. classes
                .SelectMany(label => Enumerable.Range(0, arguments.GetValue(count))
                    .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(arguments.GetValue(seed), i), coarse, generator.Model.DefaultFine)))];
            var images = Generate(terminal, generator, specifications, arguments.GetRequiredValue(output), cancellation);
            if (arguments.GetValue(sheet) is { } path)
            {
                var shape = new SheetShape(arguments.GetValue(count), arguments.GetValue(columns));
                var provenance = ImageProvenance.Of(generator.Model, specifications[0]).OnSheet(shape, everyClass: classes.Count > 1);
                File.WriteAllBytes(path, ImageFile.Encode(ContactSheet.Compose(images, shape.Columns), provenance, ImageFormat.Png));
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    /// <summary>A file made again takes everything from the file.</summary>
    private static void RefuseBeside(Command command, Option from, params Option[] others) => command.Validators.Add(result =>
    {
        var said = others.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name).ToList();
        if (result.GetResult(from) is { Implicit: false } && said.Count > 0)
        {
            result.AddError($"{from.Name} takes everything from the file. Leave out {string.Join(", ", said)}.");
        }
    });

    /// <summary>What the caller typed; null where the option has its default.</summary>
    private static string? Said(ParseResult arguments, Option<string> option) => arguments.GetResult(option) is { Implicit: false } ? arguments.GetValue(option) : null;

    private static List<RgbImage> Generate(
        Terminal terminal, IImageGenerator generator, IReadOnlyList<ImageSpecification> specifications, string output, CancellationToken cancellation)
    {
        var images = new List<RgbImage>();
        foreach (var image in specifications.Chunk(BatchSize).SelectMany(batch => generator.Generate(batch, cancellation)))
        {
            var label = generator.Model.Classes.Labels[image.Specification.ClassId];
            var path = Path.Combine(output, label.Name, $"{image.Specification.Seed}.png");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, ImageFile.Encode(image.Image, ImageProvenance.Of(generator.Model, image.Specification), ImageFormat.Png));
            var line = new { File = path, ClassId = label.Id, ClassLabel = label.Name, image.Specification.Seed, Model = generator.Model.Name };
            terminal.Output.WriteLine(JsonSerializer.Serialize(line, OneLine));
            images.Add(image.Image);
        }

        return images;
    }

    private static IReadOnlyList<ClassLabel> Classes(ModelDescription model, string name)
    {
        if (name == "all")
        {
            return model.Classes.Labels;
        }

        var suggestions = string.Join(", ", model.Classes.Suggest(name));
        return model.Classes.Find(name) is { } label
            ? [label]
            : throw new CheckpointException($"Model '{model.Name}' has no class '{name}'.{(suggestions.Length > 0 ? $" Did you mean {suggestions}?" : "")} 'all' draws every class.");
    }
}
