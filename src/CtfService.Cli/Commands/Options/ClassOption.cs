using System.CommandLine;
using CtfService.Cli.Shell;
using CtfService.Core.Classes;
using CtfService.Core.Models;
using CtfService.Training.Data;

namespace CtfService.Cli.Commands.Options;

/// <summary>Option <c>--class</c>: the classes to generate.</summary>
/// <param name="isRequired">False if all classes are the default.</param>
internal sealed class ClassOption(bool isRequired = false)
{
    private const string AllClasses = "all";

    private readonly Option<string[]> _option = new("--class")
    {
        Description = $"One or more class names or ids; '{AllClasses}' for every class.",
        Required = isRequired,
        DefaultValueFactory = isRequired ? null : _ => [AllClasses],
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The option, to add to a command.</summary>
    public Option Option => _option;

    /// <summary>Returns the classes, each once.</summary>
    /// <exception cref="UsageException">The model does not have a class; the message suggests others.</exception>
    public IReadOnlyList<ClassLabel> Classes(ParseResult arguments, ModelDescription model)
    {
        var names = arguments.GetRequiredValue(_option);
        return names is [AllClasses]
            ? model.Classes.Labels
            : [.. names.Select(name => Find(model, name, $" '--class {AllClasses}' generates every class.")).Distinct()];
    }

    /// <summary>Finds a class by name or id.</summary>
    /// <param name="advice">Ends the message if there is none.</param>
    /// <inheritdoc cref="Classes"/>
    public static ClassLabel Find(ModelDescription model, string name, string advice = "")
    {
        if (model.Classes.Find(name) is { } found)
        {
            return found;
        }

        var suggestions = string.Join(", ", model.Classes.Suggest(name));
        var hint = suggestions.Length > 0
            ? $"Did you mean {suggestions}?"
            : $"Its classes are {NameList.Of([.. model.Classes.Labels.Select(label => label.Name)])}.";
        throw new UsageException($"Model '{model.Name}' has no class '{name}'. {hint}{advice}");
    }
}
