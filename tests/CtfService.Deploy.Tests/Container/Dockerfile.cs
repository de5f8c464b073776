using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Container;

/// <summary>The repository's Dockerfile: its stages in order, with their instructions.</summary>
internal sealed record Dockerfile(IReadOnlyList<DockerStage> Stages)
{
    public static Dockerfile OfTheRepository { get; } = Parse(File.ReadAllText(RepositoryFolder.File("Dockerfile")));

    /// <summary>The stage that `docker build` builds without a target.</summary>
    public DockerStage Default => Stages[^1];

    public DockerStage Stage(string name) => Stages.Single(stage => stage.Name == name);

    /// <summary>Returns a stage and the stages it is based on, the base image first.</summary>
    public IReadOnlyList<DockerStage> Lineage(DockerStage stage) =>
        Stages.SingleOrDefault(other => other.Name == stage.From) is { } parent ? [.. Lineage(parent), stage] : [stage];

    public static Dockerfile Parse(string text)
    {
        var lines = text.Split('\n').Where(line => !line.TrimStart().StartsWith('#'));
        var joined = Regex.Replace(string.Join('\n', lines), @"\\\n\s*", " ");
        var stages = new List<DockerStage>();
        foreach (var line in joined.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, rest) = line.Split(' ', 2) is [var first, var others] ? (first, others) : throw new FormatException($"'{line}' is not an instruction.");
            if (name == "FROM")
            {
                var (from, stage) = rest.Split(" AS ") is [var image, var alias]
                    ? (image, alias)
                    : throw new FormatException($"'{line}' does not name its stage.");
                stages.Add(new DockerStage(stage, from, []));
            }
            else
            {
                stages[^1].Instructions.Add(new DockerInstruction(name, rest));
            }
        }

        return new Dockerfile(stages);
    }
}

/// <param name="From">The name of an image or of an earlier stage.</param>
internal sealed record DockerStage(string Name, string From, List<DockerInstruction> Instructions)
{
    public IEnumerable<string> Of(string instruction) => Instructions.Where(each => each.Name == instruction).Select(each => each.Arguments);

    public IEnumerable<DockerCopy> Copies => Of("COPY").Select(DockerCopy.Parse);

    /// <summary>The folder of jobs that the environment of the stage names; null if it names none.</summary>
    public string? JobsFolder => Of("ENV")
        .SelectMany(variables => variables.Split(' ')).Select(variable => variable.Split('='))
        .SingleOrDefault(pair => pair[0] == "Storage__Folder")?[1];
}

internal sealed record DockerInstruction(string Name, string Arguments);

/// <param name="From">The stage to copy from; null for the build context.</param>
internal sealed record DockerCopy(string? From, IReadOnlyList<string> Sources, string Destination)
{
    private const string FromFlag = "--from=";

    public static DockerCopy Parse(string arguments)
    {
        var parts = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var paths = parts.Where(part => !part.StartsWith("--", StringComparison.Ordinal)).ToList();
        var from = parts.FirstOrDefault(part => part.StartsWith(FromFlag, StringComparison.Ordinal))?[FromFlag.Length..];
        return new DockerCopy(from, [.. paths.SkipLast(1)], paths[^1]);
    }
}
