using System.CommandLine;
using System.CommandLine.Parsing;

namespace CtfService.Cli.Commands.Generate;

/// <summary>The options of <c>ctf generate</c>.</summary>
internal sealed class GenerateOptions
{
    private readonly Option<string[]> _from = Files(
        "--from", "Image files of CtfService to reproduce byte for byte from their provenance; needs the bundle that made them.");

    private readonly Option<string[]> _originals = Files(
        OriginalPictures.Option, "With --from: the pictures that edited images were made from. Each edit takes the one that it was made from.");

    public NewImageOptions Images { get; } = new(classIsRequired: false, "generated");

    public void AddTo(Command command)
    {
        Images.AddTo(command);
        command.Options.Add(_from);
        command.Options.Add(_originals);
        command.Validators.Add(Check);
    }

    /// <summary>Returns the files to reproduce; empty to generate new images.</summary>
    public IReadOnlyList<string> From(ParseResult arguments) => arguments.GetValue(_from) ?? [];

    /// <summary>Returns the pictures that edits were made from.</summary>
    public IReadOnlyList<string> Originals(ParseResult arguments) => arguments.GetValue(_originals) ?? [];

    private void Check(CommandResult result)
    {
        bool IsTyped(Option option) => result.GetResult(option) is { Implicit: false };
        if (IsTyped(_from) && Images.OfImages.Where(IsTyped).Select(option => option.Name).ToList() is { Count: > 0 } typed)
        {
            result.AddError($"{_from.Name} takes everything from the file. Omit {string.Join(", ", typed)}.");
        }

        if (IsTyped(_originals) && !IsTyped(_from))
        {
            result.AddError($"{_originals.Name} belongs to edits that are reproduced with {_from.Name}. To edit a picture, use 'ctf edit --image'.");
        }
    }

    private static Option<string[]> Files(string name, string description) => new(name)
    {
        Description = description,
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };
}
