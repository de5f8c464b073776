using System.CommandLine;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;

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
        var count = CommandOption.Count("--count", "Images of each class.", 1);
        var seed = CommandOption.Seed();
        var output = CommandOption.WithDefault("--output", "Folder for the images, one subfolder per class.", Path.Combine("runs", "generated"));
        var guidance = new Option<float?>("--guidance-scale") { Description = "Guidance of the coarse stage, 1 is off; the bundle's default where not given." };
        var temperature = new Option<float?>("--temperature") { Description = "Temperature of the coarse stage; the bundle's default where not given." };
        var sheet = new Option<string?>("--sheet") { Description = "Also write all images as one PNG." };
        var (device, dtype) = PlacementOptions.Create();
        var columns = CommandOption.Count("--columns", "Images in a row of the sheet.", 6);
        var command = new Command("generate", "Generates images with a bundle; prints one line of JSON per image.") { bundle, className, count, seed, output, guidance, temperature, sheet, columns, device, dtype };
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            using var generator = new CtfImageGeneratorFactory(
                arguments.GetRequiredValue(bundle), () => ModelPlacement.Parse(arguments.GetRequiredValue(device), arguments.GetRequiredValue(dtype))).Load(cancellation);
            var coarse = generator.Model.DefaultCoarse;
            coarse = coarse with { GuidanceScale = arguments.GetValue(guidance) ?? coarse.GuidanceScale, Temperature = arguments.GetValue(temperature) ?? coarse.Temperature };
            var specifications = Classes(generator.Model, arguments.GetRequiredValue(className))
                .SelectMany(label => Enumerable.Range(0, arguments.GetValue(count))
                    .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(arguments.GetValue(seed), i), coarse, generator.Model.DefaultFine)));
            var images = Generate(terminal, generator, [.. specifications], arguments.GetRequiredValue(output), cancellation);
            if (arguments.GetValue(sheet) is { } path)
            {
                File.WriteAllBytes(path, ImageCodec.Encode(ContactSheet.Compose(images, arguments.GetValue(columns)), ImageFormat.Png));
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static List<RgbImage> Generate(
        Terminal terminal, IImageGenerator generator, IReadOnlyList<ImageSpecification> specifications, string output, CancellationToken cancellation)
    {
        var images = new List<RgbImage>();
        foreach (var image in specifications.Chunk(BatchSize).SelectMany(batch => generator.Generate(batch, cancellation)))
        {
            var label = generator.Model.Classes.Labels[image.Specification.ClassId];
            var path = Path.Combine(output, label.Name, $"{image.Specification.Seed}.png");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, ImageCodec.Encode(image.Image, ImageFormat.Png));
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
