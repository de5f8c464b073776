using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Samples the tokens of finished layouts again, from the whole codebook instead of the members of the clusters, as the paper's fine stage does. For comparison
/// only; serving does not do this.
/// </summary>
internal static class CodebookResampler
{
    private const int BatchSize = 8;

    public static IReadOnlyList<GeneratedImage> Resample(IReadOnlyList<GeneratedImage> images, string fine, string tokenizer, JobRun run)
    {
        using var frozen = no_grad();
        using var transformer = ModelFile.Load<ClassConditionalTransformer, TransformerConfig>(fine, config => new ClassConditionalTransformer(config));
        var pixels = run.Inputs.Tokenizer(tokenizer);
        var drawn = new List<GeneratedImage>();
        foreach (var batch in images.Chunk(BatchSize))
        {
            run.Cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var tokens = Tokens(transformer, batch);
            var decoded = pixels.VqDecode(tokens, transformer.Config.GridHeight, transformer.Config.GridWidth);
            drawn.AddRange(batch.Select((image, i) => image with
            {
                Image = Pixels.ToImage(decoded[i]),
                Tokens = [.. tokens[i].data<long>().Select(token => (int)token)],
            }));
        }

        return drawn;
    }

    /// <summary>Samples tokens int64 [B, T] with the same random numbers as the serving stage.</summary>
    private static Tensor Tokens(ClassConditionalTransformer transformer, GeneratedImage[] batch)
    {
        var (positions, codewords) = (transformer.Config.Positions, transformer.Config.OutputVocabulary);
        var labels = tensor(batch.SelectMany(image => image.CoarseLabels).Select(label => (long)label).ToArray(), [batch.Length, positions]);
        var classIds = tensor(batch.Select(image => (long)image.Specification.ClassId).ToArray());
        var logits = transformer.Score(transformer.Hidden(classIds, labels).narrow(1, 1, positions)).flatten(0, 1); // [B*T, K]
        var values = logits.data<float>().ToArray();
        var sampler = new HostSampler(codewords);
        var tokens = new long[batch.Length * positions];
        for (var i = 0; i < tokens.Length; i++)
        {
            var image = batch[i / positions].Specification;
            var draw = new LabelDraw(image.Method, image.Seed, SamplingStage.Fine, i % positions);
            tokens[i] = sampler.Sample(values.AsSpan(i * codewords, codewords), image.Fine, draw);
        }

        return tensor(tokens, [batch.Length, positions]);
    }
}
