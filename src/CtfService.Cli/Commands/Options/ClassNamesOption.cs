using System.CommandLine;

namespace CtfService.Cli.Commands.Options;

/// <summary>Option <c>--class-names</c> of the commands that read a data set.</summary>
internal static class ClassNamesOption
{
    public static Option<string?> Create() => new("--class-names")
    {
        Description = "File that lists the class names by id, as text or JSON; it may name folders by keys, such as ImageNet's n01440764 (docs/models.md). "
            + "If omitted, the names are those of the data set.",
    };
}
