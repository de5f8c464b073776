using CtfService.Api.Contracts;
using CtfService.Core.Models;

namespace CtfService.Api.Validation;

/// <summary>
/// Checks fields that OpenAI's clients send and that have no effect in this service. Every value that OpenAI documents is accepted; if it would have changed
/// the image, the response has a warning. Any other value is a problem.
/// </summary>
internal static class OpenAiFields
{
    public static readonly string[] Qualities = ["auto", "standard", "low", "medium", "high", "hd"];

    public static readonly string[] Styles = ["vivid", "natural"];

    public static readonly string[] Backgrounds = ["auto", "opaque", "transparent"];

    public static readonly string[] Moderations = ["auto", "low"];

    public static readonly string[] InputFidelities = ["high", "low"];

    public static readonly string[] Sizes = ["256x256", "512x512", "1024x1024", "1024x1536", "1536x1024", "1024x1792", "1792x1024"];

    public static void CheckSize(string? asked, ModelDescription model, RequestProblems problems)
    {
        if (asked is null || asked == "auto" || asked == model.ImageSize)
        {
            return;
        }

        if (Sizes.Contains(asked))
        {
            problems.Warn("size", $"size '{asked}' has no effect: model '{model.Name}' draws {model.ImageSize} only. Scale the image instead.");
        }
        else
        {
            problems.Add(
                "size",
                "unsupported_value",
                $"size '{asked}' is not supported; expected 'auto' or '{model.ImageSize}'. "
                + $"Model '{model.Name}' draws that size only; scale the image instead.");
        }
    }

    /// <summary>Checks what would change how an image looks, or whether it may be drawn.</summary>
    public static void CheckLook(DrawImageRequest asked, RequestProblems problems)
    {
        Check(
            "quality", asked.Quality, Qualities, free: 2,
            "There is one quality; guidance_scale and the sampling fields change how an image looks.", problems);
        Check("background", asked.Background, Backgrounds, free: 2, "Images are always opaque.", problems);
        Check("moderation", asked.Moderation, Moderations, free: 2, "Only the classes of the model can be drawn, so there is nothing to filter.", problems);
    }

    public static void CheckStyle(string? asked, RequestProblems problems) =>
        Check("style", asked, Styles, free: 0, "There is one style; temperature and guidance_scale change how an image looks.", problems);

    public static void CheckInputFidelity(string? asked, RequestProblems problems) =>
        Check("input_fidelity", asked, InputFidelities, free: 1, "What the mask keeps always stays as it is.", problems);

    /// <param name="free">The number of known values that need no warning; they come first.</param>
    private static void Check(string param, string? asked, string[] known, int free, string reason, RequestProblems problems)
    {
        if (asked is null || known.AsSpan(0, free).Contains(asked))
        {
            return;
        }

        if (known.Contains(asked))
        {
            problems.Warn(param, $"{param} '{asked}' has no effect. {reason}");
        }
        else
        {
            problems.Add(
                param, "unsupported_value",
                $"{param} '{asked}' is not supported; expected {string.Join(" or ", known.Select(value => $"'{value}'"))}. {reason}");
        }
    }
}
