using CtfService.Api.Contracts;
using CtfService.Core.Models;

namespace CtfService.Api.Validation;

/// <summary>
/// Fields that OpenAI's clients send and that leave no choice here. What is drawn anyway may be asked for; anything else is refused, so that nobody takes the answer for what it is not.
/// </summary>
internal static class FixedFields
{
    public static void RequireSize(string? asked, ModelDescription model, Faults faults) => Require(
        "size", asked, "auto", model.ImageSize, $"Model '{model.Name}' draws that size only; scale the image afterwards.", faults);

    public static void RequireOthers(GenerateImageRequest asked, Faults faults)
    {
        Require("quality", asked.Quality, "auto", "standard", "Every image is drawn with the same care; guidance_scale and the fields of sampling change how it looks.", faults);
        Require("background", asked.Background, "auto", "opaque", "The images have no transparency.", faults);
        Require("moderation", asked.Moderation, "auto", "low", "Only the classes of the model can be drawn, so nothing is filtered.", faults);
    }

    private static void Require(string param, string? asked, string one, string other, string reason, Faults faults)
    {
        if (asked is not null && asked != one && asked != other)
        {
            faults.Add(param, "unsupported_value", $"{param} '{asked}' is not supported; expected '{one}' or '{other}'. {reason}");
        }
    }
}
