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
        var uniforms = new float[batch.Length * positions];
        for (var i = 0; i < batch.Length; i++)
        {
            CounterRandom.FillUniforms(batch[i].Specification.Seed, SamplingStage.Fine, uniforms.AsSpan(i * positions, positions));
        }

        using var sampling = new RowSampling([.. batch.Select(image => image.Specification.Fine)], codewords, CPU, positions);
        return CategoricalSampler.Sample(logits, sampling, tensor(uniforms, [batch.Length * positions, 1])).reshape(batch.Length, positions);
    }
}
