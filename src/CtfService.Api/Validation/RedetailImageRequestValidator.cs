using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Checks a request for new details in a layout: the layout must be one that the model can draw. Thread-safe.</summary>
internal sealed class RedetailImageRequestValidator(ImageRequestChecks checks)
{
    /// <param name="timeout">The header <see cref="CustomHeaders.RequestTimeout"/>.</param>
    /// <exception cref="RequestRefusedException">The request is invalid; the exception lists every problem.</exception>
    public ValidatedImageRequest Validate(RedetailImageRequest asked, StringValues timeout, ModelDescription model)
    {
        var problems = new RequestProblems();
        ImageRequestChecks.RequireFineStage(model, problems);
        var labels = ChooseLayout(asked.Layout, model, problems);
        var layout = new LayoutSource.Given(labels) { KeptTokens = KeptTokensChoice.Choose(asked, labels, model, problems) };
        var classLabel = ClassChoice.Choose(asked.ClassLabel, prompt: null, model.Classes, problems);
        var request = checks.Check(asked, timeout, model, classLabel, model.DefaultCoarse, layout, problems);
        problems.ThrowIfAny();
        return request;
    }

    private static IReadOnlyList<int> ChooseLayout(IReadOnlyList<int>? asked, ModelDescription model, RequestProblems problems)
    {
        var labels = asked ?? [];
        if (asked is null)
        {
            problems.Add("layout", "required", $"layout is missing; expected the {model.TokenCount} coarse labels that include: [\"layout\"] returns.");
        }
        else if (labels.Count != model.TokenCount)
        {
            problems.Add(
                "layout", "invalid_layout", $"layout has {labels.Count} coarse labels; expected {model.TokenCount}, one for each position of the token grid.");
        }

        foreach (var (place, label) in labels.Index().Where(item => item.Item < 0 || item.Item >= model.ClusterCount).Take(1))
        {
            problems.Add(
                "layout", "invalid_layout", $"layout[{place}] is {label}; expected 0 to {model.ClusterCount - 1}, the clusters of model '{model.Name}'.");
        }

        return labels;
    }
}
