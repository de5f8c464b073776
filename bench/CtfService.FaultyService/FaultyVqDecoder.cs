using CtfService.Model.Tokenizer;

namespace CtfService.FaultyService;

/// <summary>Injects the faults of VQ decode.</summary>
internal sealed class FaultyVqDecoder(IVqDecoder decoder, FaultBoard board) : IVqDecoder
{
    public TokenizerConfig Config => decoder.Config;

    public int GridHeight => decoder.GridHeight;

    public int GridWidth => decoder.GridWidth;

    public int ImagesAtOnce => decoder.ImagesAtOnce;

    public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
    {
        if (board.Take(FaultKind.OomDecode))
        {
            throw FaultyParts.OutOfMemory("VQ decode");
        }

        decoder.Decode(tokens, pixels, cancellation);
        if (board.TakeOfImage(FaultKind.NanPixels, tokens.Length / (GridHeight * GridWidth)))
        {
            pixels[0] = float.NaN;
        }
    }

    public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) => decoder.DecodeCodewords(codewords, pixels);

    public void Dispose() => decoder.Dispose();
}
