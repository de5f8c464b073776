using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Models;

namespace CtfService.Api.Models;

/// <summary>What callers may call the loaded model: its own name, or an alias of the configuration. Case matters, as it does to OpenAI.</summary>
internal sealed class ModelNames(ModelOptions options)
{
    public IReadOnlyList<string> Aliases => options.Aliases;

    public bool Mean(ModelDescription model, string asked) => asked == model.Name || options.Aliases.Contains(asked);

    /// <param name="names">Those it could have been, in quotes.</param>
    public static ApiError NotLoaded(string id, string names) =>
        new(StatusCodes.Status404NotFound, $"Model '{id}' is not loaded; expected {names}.", "model_not_found", "id");

    /// <summary>For messages: every name that would have been right.</summary>
    public string Describe(ModelDescription model) =>
        string.Join(" or ", options.Aliases.Where(alias => alias != model.Name).Prepend(model.Name).Select(name => $"'{name}'"));
}
