using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>The random numbers of a batch, uploaded to the device once.</summary>
internal static class ImageUniforms
{
    /// <summary>Returns float32 [B, T] in [0, 1), each row from the stream of its image.</summary>
    public static Tensor Of(IReadOnlyList<ImageSpecification> batch, SamplingStage stage, int positions, Device device)
    {
        var uniforms = new float[batch.Count * positions];
        for (var image = 0; image < batch.Count; image++)
        {
            CounterRandom.FillUniforms(batch[image].Seed, stage, uniforms.AsSpan(image * positions, positions));
        }

        return tensor(uniforms, [batch.Count, positions], device: device);
    }
}
