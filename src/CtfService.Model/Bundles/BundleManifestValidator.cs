using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Bundles;

/// <summary>Finds everything in a manifest that contradicts itself or the architecture, before any weight is read.</summary>
internal sealed class BundleManifestValidator
{
    // Far above every known model, and low enough that no sum of them overflows and no bad manifest makes the loader try to allocate without end.
    private const int MaxWidth = 1 << 16;
    private const int MaxVocabulary = 1 << 24;
    private const int MaxLayers = 1000;
    private const int MaxLevels = 16;
    private const int MaxMultiplier = 256;
    private const int MaxGridSide = 1024;
    private const int MaxImageSide = 1 << 14;
    private const int MaxClasses = 1 << 20;

    private readonly List<string> _problems = [];

    private BundleManifestValidator()
    {
    }

    /// <summary>One sentence per problem; empty where the manifest is sound.</summary>
    public static IReadOnlyList<string> Problems(BundleManifest manifest)
    {
        var validator = new BundleManifestValidator();
        validator.CheckNames(manifest);
        validator.CheckTokenizer(manifest.Tokenizer);
        validator.CheckTransformer("coarse", manifest.Coarse, manifest);
        validator.CheckStages(manifest);
        validator._problems.AddRange(manifest.Sampling.Coarse.Problems("sampling.coarse"));
        validator._problems.AddRange(manifest.Sampling.Fine.Problems("sampling.fine"));
        return validator._problems;
    }

    private void CheckNames(BundleManifest manifest)
    {
        Require(!string.IsNullOrWhiteSpace(manifest.Name), "name is empty");
        RequireRange("the number of class_labels", manifest.ClassLabels.Count, MaxClasses);
        if (manifest.ClassLabels.Concat(manifest.WordNetIds ?? []).Any(string.IsNullOrWhiteSpace))
        {
            _problems.Add("class_labels or wordnet_ids hold an empty name");
            return;
        }

        try
        {
            _ = new ClassCatalog(manifest.ClassLabels, manifest.WordNetIds);
        }
        catch (ArgumentException error)
        {
            _problems.Add($"class_labels: {error.Message}");
        }
    }

    private void CheckTokenizer(TokenizerConfig tokenizer)
    {
        Require(
            tokenizer.BaseWidth is > 0 and <= MaxWidth && tokenizer.BaseWidth % 32 == 0,
            $"tokenizer.base_width is {tokenizer.BaseWidth}, expected a multiple of 32, the number of norm groups, up to {MaxWidth}");
        Require(tokenizer.EncoderMultipliers.Count > 0, "tokenizer.encoder_multipliers is empty, expected one number per level");
        Require(
            tokenizer.EncoderMultipliers.Count == tokenizer.DecoderMultipliers.Count,
            $"tokenizer has {tokenizer.EncoderMultipliers.Count} encoder levels and {tokenizer.DecoderMultipliers.Count} decoder levels, expected as many");
        Require(
            tokenizer.EncoderMultipliers.Concat(tokenizer.DecoderMultipliers).All(multiplier => multiplier is > 0 and <= MaxMultiplier),
            $"tokenizer multipliers must all be 1 to {MaxMultiplier}");
        Require(
            tokenizer.EncoderMultipliers.Count <= MaxLevels && tokenizer.DecoderMultipliers.Count <= MaxLevels,
            $"tokenizer has {tokenizer.EncoderMultipliers.Count} levels, expected at most {MaxLevels}");
        RequireRange("tokenizer.residual_blocks", tokenizer.ResidualBlocks, MaxLayers);
        RequireRange("tokenizer.latent_width", tokenizer.LatentWidth, MaxWidth);
        RequireRange("tokenizer.codebook_size", tokenizer.CodebookSize, MaxVocabulary);
        RequireRange("tokenizer.codeword_width", tokenizer.CodewordWidth, MaxWidth);
        RequireRange("tokenizer.patch_size", tokenizer.PatchSize, MaxMultiplier);
    }

    private void CheckTransformer(string stage, TransformerConfig transformer, BundleManifest manifest)
    {
        RequireRange($"{stage}.width", transformer.Width, MaxWidth);
        RequireRange($"{stage}.layers", transformer.Layers, MaxLayers);
        RequireRange($"{stage}.heads", transformer.Heads, MaxWidth);
        RequireRange($"{stage}.grid_height", transformer.GridHeight, MaxGridSide);
        RequireRange($"{stage}.grid_width", transformer.GridWidth, MaxGridSide);
        RequireRange($"{stage}.output_vocabulary", transformer.OutputVocabulary, MaxVocabulary);
        RequireRange($"{stage}.feed_forward_multiple", transformer.FeedForwardMultiple, MaxWidth);
        Require(transformer.RopeBase > 0 && float.IsFinite(transformer.RopeBase), $"{stage}.rope_base is {transformer.RopeBase}, expected more than 0");
        Require(transformer.NormEpsilon > 0 && float.IsFinite(transformer.NormEpsilon), $"{stage}.norm_epsilon is {transformer.NormEpsilon}, expected more than 0");
        Require(transformer.Dropout is >= 0 and < 1, $"{stage}.dropout is {transformer.Dropout}, expected 0 to below 1");
        if (transformer.Heads > 0)
        {
            Require(
                transformer.Width % transformer.Heads == 0 && transformer.HeadWidth % 4 == 0,
                $"{stage}.width {transformer.Width} over {stage}.heads {transformer.Heads} must be a multiple of 4, for the two-dimensional rotary embedding");
        }

        RequireEqual($"{stage}.class_count", transformer.ClassCount, "the number of class_labels", manifest.ClassLabels.Count);
        RequireEqual($"{stage}.input_vocabulary", transformer.InputVocabulary, "cluster_count", manifest.ClusterCount);
        var factor = manifest.Tokenizer.DownsampleFactor;
        RequireRange("image_width", manifest.ImageWidth, MaxImageSide);
        RequireRange("image_height", manifest.ImageHeight, MaxImageSide);
        RequireEqual("image_width", manifest.ImageWidth, $"{stage}.grid_width times the tokenizer's factor of {factor}", transformer.GridWidth * factor);
        RequireEqual("image_height", manifest.ImageHeight, $"{stage}.grid_height times the tokenizer's factor of {factor}", transformer.GridHeight * factor);
    }

    private void CheckStages(BundleManifest manifest)
    {
        var codebookSize = manifest.Tokenizer.CodebookSize;
        Require(
            manifest.ClusterCount >= 1 && manifest.ClusterCount <= codebookSize,
            $"cluster_count is {manifest.ClusterCount}, expected 1 to the codebook size of {codebookSize}");
        RequireEqual("coarse.output_vocabulary", manifest.Coarse.OutputVocabulary, "cluster_count", manifest.ClusterCount);
        Require(manifest.Coarse.Causal, "coarse.causal is false; the coarse stage predicts one label after another");
        if (manifest.Fine is null)
        {
            RequireEqual("cluster_count", manifest.ClusterCount, "the codebook size, as there is no fine stage", codebookSize);
            return;
        }

        CheckTransformer("fine", manifest.Fine, manifest);
        RequireEqual("fine.output_vocabulary", manifest.Fine.OutputVocabulary, "the codebook size", codebookSize);
        Require(!manifest.Fine.Causal, "fine.causal is true; the fine stage sees every coarse label");
    }

    private void RequireRange(string name, int value, int most) => Require(value >= 1 && value <= most, $"{name} is {value}, expected 1 to {most}");

    private void RequireEqual(string name, int value, string expectedName, int expected) =>
        Require(value == expected, $"{name} is {value}, but {expectedName} is {expected}");

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            _problems.Add(problem);
        }
    }
}
