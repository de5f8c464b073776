using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Transformer;

namespace CtfService.Model.Conversion;

/// <summary>Derives the architecture of a transformer from the shapes of its weights.</summary>
public static class TransformerRecognizer
{
    private const string Labels = "tok_embeddings.weight";
    private const string Classes = "cls_embedding.embedding_table.weight";
    private const string Output = "output.weight";

    /// <summary>The candidates, widest first. All that give the stored feed-forward width are equivalent.</summary>
    private static readonly int[] FeedForwardMultiples = [256, 128, 64, 32, 16, 8, 4, 2, 1];

    public static bool IsTransformer(TensorFile file) => file.Contains(Labels) && file.Contains(LayerKey(0, "attention.wqkv"));

    /// <summary>True for keys of older files that are not loaded: the rotary table and the caches.</summary>
    public static bool IsLeftover(string name) => name == "freqs_cis" || name.Contains(".attention.kv_cache.", StringComparison.Ordinal);

    /// <exception cref="CheckpointException">The file is not a class-conditional transformer of this family.</exception>
    public static RecognizedTransformer Recognize(TensorFile file)
    {
        var labels = Matrix(file, Labels);
        var classes = Matrix(file, Classes);
        var output = Matrix(file, Output);
        var feedForward = Matrix(file, LayerKey(0, "feed_forward.w1"));
        var projection = Matrix(file, LayerKey(0, "attention.wqkv"));
        var width = labels.Columns;
        Require(
            file,
            width > 0 && projection.Rows == 3 * width,
            $"wqkv of layer 0 has {projection.Rows} rows; expected {3 * width}, 3 times the width {width}. Grouped-query attention is not supported");
        var layers = 0;
        while (file.Contains(LayerKey(layers, "attention.wqkv")))
        {
            layers++;
        }

        var (name, published) = PublishedTransformers.Sizes.FirstOrDefault(size => size.Value.Width == width && size.Value.Layers == layers);
        var size = published ?? new TransformerSize(width, layers, Heads: 0);
        var multiple = FeedForwardMultiple(width, feedForward.Rows);
        return new RecognizedTransformer(
            name,
            size,
            labels.Rows,
            output.Rows,
            classes.Rows - 1,
            feedForward.Rows,
            multiple,
            [
                $"{(name is null ? "no published size" : $"the size of {name}")}: {layers} layers of width {width}, feed-forward width {feedForward.Rows}",
                $"{labels.Rows} labels in, {output.Rows} out; {classes.Rows - 1} classes and the null class",
                .. name is null ? Array.Empty<string>() : [$"{size.Heads} heads, as {name} has"],
            ],
            [
                "image size (the token grid): no weight depends on it",
                .. name is null ? ["heads: no weight depends on them"] : Array.Empty<string>(),
            ]);
    }

    /// <summary>Returns the multiple whose rounding gives the stored width; null if none does.</summary>
    private static int? FeedForwardMultiple(int width, int feedForwardWidth) =>
        Array.Find(FeedForwardMultiples, multiple => TransformerConfig.RoundedFeedForwardWidth(width, multiple) == feedForwardWidth) is > 0 and var multiple
            ? multiple
            : null;

    private static string LayerKey(int layer, string part) => $"layers.{layer}.{part}.weight";

    private static (int Rows, int Columns) Matrix(TensorFile file, string name)
    {
        var shape = file.Entry(name).Shape;
        Require(
            file,
            shape.Count == 2 && shape[0] is > 0 and <= 1 << 24 && shape[1] is > 0 and <= 1 << 20,
            $"'{name}' is {file.Entry(name).ShapeText}; expected a matrix");
        return ((int)shape[0], (int)shape[1]);
    }

    private static void Require(TensorFile file, bool condition, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException($"{file.Path}: {problem}.");
        }
    }
}
