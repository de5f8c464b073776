using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Conversion;

/// <summary>What the keys and shapes of a weight file reveal about its model.</summary>
/// <param name="PublishedName">The name of the published architecture with these shapes, such as GPT-L or VQ-16; null if the size is not published.</param>
/// <param name="Inferred">What the shapes reveal, one fact per line.</param>
/// <param name="Unknown">What the weights do not determine and the user must set.</param>
public abstract record Recognition(string? PublishedName, IReadOnlyList<string> Inferred, IReadOnlyList<string> Unknown);

/// <summary>A class-conditional transformer of the LlamaGen family.</summary>
/// <param name="FeedForwardMultiple">The rounding that gives the feed-forward width; null if none does.</param>
/// <param name="Size">Heads are 0 if the size is not published, because no weight depends on them.</param>
public sealed record RecognizedTransformer(
    string? PublishedName, TransformerSize Size, int InputVocabulary, int OutputVocabulary, int ClassCount, int FeedForwardWidth, int? FeedForwardMultiple,
    IReadOnlyList<string> Inferred, IReadOnlyList<string> Unknown)
    : Recognition(PublishedName, Inferred, Unknown)
{
    /// <param name="heads">The number of heads if the size is not published; 0 keeps the recognised number.</param>
    public TransformerConfig Config(int gridSide, bool causal, int heads) => new()
    {
        Width = Size.Width,
        Layers = Size.Layers,
        Heads = heads > 0 ? heads : Size.Heads,
        InputVocabulary = InputVocabulary,
        OutputVocabulary = OutputVocabulary,
        ClassCount = ClassCount,
        GridHeight = gridSide,
        GridWidth = gridSide,
        Causal = causal,
        FeedForwardMultiple = FeedForwardMultiple ?? 1,
        GivenFeedForwardWidth = FeedForwardMultiple is null ? FeedForwardWidth : null,
    };
}

/// <summary>A VQ tokenizer of the LlamaGen family.</summary>
public sealed record RecognizedTokenizer(string? PublishedName, TokenizerConfig Config, IReadOnlyList<string> Inferred, IReadOnlyList<string> Unknown)
    : Recognition(PublishedName, Inferred, Unknown);
