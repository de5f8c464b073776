using CtfService.Api.Contracts;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Api.Validation;

/// <summary>Chooses the tokens that stay while new details are drawn in a layout.</summary>
internal static class KeptTokensChoice
{
    /// <summary>Returns null if no details stay, and if there are problems.</summary>
    /// <param name="labels">The coarse labels of the request; they may have problems of their own.</param>
    public static IReadOnlyList<int>? Choose(RedetailImageRequest asked, IReadOnlyList<int> labels, ModelDescription model, RequestProblems problems)
    {
        if ((asked.Keep is null) != (asked.Tokens is null))
        {
            problems.Add(
                asked.Keep is null ? "keep" : "tokens",
                "required",
                "keep and tokens belong together: tokens are those that include: [\"tokens\"] returned, and keep lists the positions that keep theirs. "
                + "Send both or none.");
        }

        if (asked is not { Keep: { } keep, Tokens: { } tokens } || !AreInRange(keep, tokens, model, problems) || labels.Count != model.TokenCount)
        {
            return null;
        }

        var kept = Enumerable.Repeat(LayoutSource.NewToken, model.TokenCount).ToArray();
        foreach (var position in keep)
        {
            RequireMember(tokens[position], position, labels[position], model, problems);
            kept[position] = tokens[position];
        }

        return keep.Count == 0 ? null : kept;
    }

    /// <summary>Checks everything that does not need the layout.</summary>
    private static bool AreInRange(IReadOnlyList<int> keep, IReadOnlyList<int> tokens, ModelDescription model, RequestProblems problems)
    {
        var before = problems.All.Count;
        if (tokens.Count != model.TokenCount)
        {
            problems.Add(
                "tokens",
                "invalid_tokens",
                $"tokens has {tokens.Count} tokens; expected {model.TokenCount}, one for each position of the token grid. Send all that were returned; "
                + "keep says which of them stay.");
        }

        foreach (var (place, token) in tokens.Index().Where(item => item.Item < 0 || item.Item >= model.CodebookSize).Take(1))
        {
            problems.Add(
                "tokens", "invalid_tokens", $"tokens[{place}] is {token}; expected 0 to {model.CodebookSize - 1}, the tokens of model '{model.Name}'.");
        }

        foreach (var (place, position) in keep.Index().Where(item => item.Item < 0 || item.Item >= model.TokenCount).Take(1))
        {
            problems.Add(
                "keep", "invalid_position", $"keep[{place}] is {position}; expected 0 to {model.TokenCount - 1}, the positions of the layout in raster order.");
        }

        foreach (var twice in keep.GroupBy(position => position).Where(same => same.Count() > 1).Take(1))
        {
            problems.Add("keep", "duplicate_position", $"keep names position {twice.Key} {twice.Count()} times. Name each position once.");
        }

        return problems.All.Count == before && !problems.IsFull;
    }

    private static void RequireMember(int token, int position, int label, ModelDescription model, RequestProblems problems)
    {
        if (model.ClusterOfToken?[token] is { } cluster && cluster != label)
        {
            problems.Add(
                "tokens",
                "token_outside_cluster",
                $"tokens[{position}] is {token}, a token of cluster {cluster}; expected one of cluster {label}, which layout[{position}] names. "
                + "Send the layout and the tokens of the same image, or leave the position out of keep.");
        }
    }
}
