using System.CommandLine;
using System.Text.Json;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Classes;
using CtfService.Core.Models;
using CtfService.Datasets.Folders;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Cli.Commands.Datasets;

/// <summary>Finds out how many images of each class <c>ctf dataset</c> generates.</summary>
internal sealed class DatasetCounts(Terminal terminal, DatasetOptions options, ParseResult arguments, ModelDescription model)
{
    /// <summary>Returns the folder that is filled up; null if none is.</summary>
    public FilledFolder? Filled => arguments.GetValue(options.Fill) is { } path
        ? new FilledFolder(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), arguments.GetValue(options.PerClass))
        : null;

    /// <summary>Returns the number of images of each class, by class id; all 0 if a folder to fill up lacks none.</summary>
    /// <param name="started">What was started in the output folder: a folder that is being filled up is not counted again, as it has more images now.</param>
    /// <exception cref="UsageException">The counts do not fit the model.</exception>
    /// <exception cref="InvalidDataException">The file with the counts is not one.</exception>
    public IReadOnlyList<int> Read(StartedDataset? started, CancellationToken cancellation)
    {
        if (arguments.GetValue(options.Counts) is { } file)
        {
            return OfFile(file);
        }

        var chosen = options.Classes.Classes(arguments, model).Select(label => label.Id).ToHashSet();
        if (Filled is not { } filled)
        {
            return OfEach(classId => chosen.Contains(classId) ? arguments.GetValue(options.PerClass)!.Value : 0);
        }

        if (started is { Fill: { } earlier } && earlier == filled)
        {
            return started.Plan.Counts;
        }

        var present = Present(filled.Path, cancellation);
        var wanted = filled.PerClass ?? present.Max();
        return OfEach(classId => chosen.Contains(classId) ? Math.Max(0, wanted - present[classId]) : 0);
    }

    private int[] OfFile(string path)
    {
        var counts = new int[model.Classes.Count];
        var named = new HashSet<int>();
        foreach (var (name, count) in Parse(path))
        {
            var label = ClassOption.Find(model, name);
            if (!named.Add(label.Id))
            {
                throw new InvalidDataException($"{path}: names class '{label.Name}' twice. Name each class once.");
            }

            counts[label.Id] = count >= 0 ? count : throw new InvalidDataException($"{path}: '{name}' is {count}, expected 0 or more.");
        }

        return counts;
    }

    private static Dictionary<string, int> Parse(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path)) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"{path}: {error.Message} Expected an object with the number of images by class name or id, such as {{\"apple\": 500, \"7\": 20}}.", error);
        }
    }

    /// <summary>Returns the number of images that are there, by class id.</summary>
    private int[] Present(string path, CancellationToken cancellation)
    {
        var found = ConsoleProgress.Run(terminal, $"counting the images of {path}", () => ImageCounts.Of(path, cancellation));
        SkippedImages.Report(terminal, found.Skipped);
        var present = new int[model.Classes.Count];
        List<string> unknown = [];
        foreach (var (name, count) in found.Classes)
        {
            if (ClassOf(name) is { } label)
            {
                present[label.Id] += count;
            }
            else
            {
                unknown.Add($"{name} ({count})");
            }
        }

        if (unknown.Count > 0)
        {
            terminal.Error.WriteLine($"Model '{model.Name}' does not have these classes; their images stay as they are: {NameList.Of(unknown)}.");
        }

        return present;
    }

    /// <summary>Finds the class that a set names: as this program names folders, or else by name or id.</summary>
    private ClassLabel? ClassOf(string name) =>
        model.Classes.Labels.FirstOrDefault(label => model.Classes.FileNames[label.Id] == name) ?? model.Classes.Find(name);

    private int[] OfEach(Func<int, int> count) => [.. Enumerable.Range(0, model.Classes.Count).Select(count)];
}
