using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Models;

namespace CtfService.Api.Validation;

/// <summary>Names by which callers may refer to the loaded model: its own name or a configured alias. Case-sensitive, as at OpenAI.</summary>
internal sealed class ModelNames(ModelOptions options)
{
    public IReadOnlyList<string> Aliases => options.Aliases;

    public bool Mean(ModelDescription model, string asked) => asked == model.Name || options.Aliases.Contains(asked);

    /// <param name="names">The valid names, in quotes.</param>
    public static ApiError NotLoaded(string id, string names) =>
        new(StatusCodes.Status404NotFound, $"Model '{id}' is not loaded; expected {names}.", "model_not_found", "id");

    /// <summary>Returns all valid names, for messages.</summary>
    public string Describe(ModelDescription model) =>
        string.Join(" or ", options.Aliases.Where(alias => alias != model.Name).Prepend(model.Name).Select(name => $"'{name}'"));
}
