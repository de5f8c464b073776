using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>Reads the weights of a tokenizer's decoder by their published names and packs them.</summary>
internal sealed unsafe class DecoderPacker(TokenizerConfig config, WeightSource weights, int lanes)
{
    private const float MinNorm = 1e-12f;

    /// <summary>Reads and packs the decoder. The caller owns the result.</summary>
    public PackedDecoder Pack()
    {
        using var scope = NewDisposeScope();
        var deepest = config.DecoderMultipliers.Count - 1;
        var width = ChannelsAt(deepest);
        var blocks = new List<PackedBlock>
        {
            Residual("decoder.mid.0", width, width),
            Attention("decoder.mid.1", width),
            Residual("decoder.mid.2", width, width),
        };
        for (var level = deepest; level >= 0; level--)
        {
            blocks.AddRange(Level($"decoder.conv_blocks.{deepest - level}", level, width));
            width = ChannelsAt(level);
        }

        return new PackedDecoder(
            Codewords(),
            Convolution("post_quant_conv", config.LatentWidth, config.CodewordWidth, kernelSize: 1),
            Convolution("decoder.conv_in", ChannelsAt(deepest), config.LatentWidth, kernelSize: 3),
            blocks,
            Norm("decoder.norm_out", width),
            Convolution("decoder.conv_out", VqTokenizer.PixelChannels * config.PatchSize * config.PatchSize, width, kernelSize: 3));
    }

    private int ChannelsAt(int level) => config.BaseWidth * config.DecoderMultipliers[level];

    private IEnumerable<PackedBlock> Level(string name, int level, int inputWidth)
    {
        var width = ChannelsAt(level);
        for (var block = 0; block <= config.ResidualBlocks; block++)
        {
            yield return Residual($"{name}.res.{block}", block == 0 ? inputWidth : width, width);
            if (level == config.DecoderMultipliers.Count - 1)
            {
                yield return Attention($"{name}.attn.{block}", width);
            }
        }

        if (level > 0)
        {
            yield return Upsampling($"{name}.upsample.conv", width);
        }
    }

    private PackedResidual Residual(string name, int inputWidth, int width) => new(
        Norm($"{name}.norm1", inputWidth),
        Convolution($"{name}.conv1", width, inputWidth, kernelSize: 3),
        Norm($"{name}.norm2", width),
        Convolution($"{name}.conv2", width, width, kernelSize: 3),
        inputWidth == width ? null : Convolution($"{name}.nin_shortcut", width, inputWidth, kernelSize: 1));

    private PackedAttention Attention(string name, int width)
    {
        var scale = 1 / MathF.Sqrt(width);
        float*[] parts =
        [
            Weights($"{name}.q", width, width, kernelSize: 1),
            Weights($"{name}.k", width, width, kernelSize: 1),
            Weights($"{name}.v", width, width, kernelSize: 1),
        ];
        float[] bias = [.. Bias($"{name}.q", width).Select(value => value * scale), .. Bias($"{name}.k", width), .. Bias($"{name}.v", width)];
        float WeightOf(int phase, int output, int input, int row, int column)
        {
            var (part, feature) = Math.DivRem(output, width);
            return parts[part][((long)feature * width) + input] * (part == 0 ? scale : 1);
        }

        return new PackedAttention(
            Norm($"{name}.norm", width),
            PackedConvolution.Pack(3 * width, width, kernelSize: 1, phases: 1, lanes, WeightOf, bias),
            Convolution($"{name}.proj_out", width, width, kernelSize: 1));
    }

    /// <summary>
    /// Packs nearest-neighbor upsampling and the 3x3 convolution after it as four 2x2 convolutions of the small map, one per phase (the position within an
    /// upsampled pixel). Of the nine pixels under a window, those that are copies of the same small pixel share one weight, the sum of theirs: nine
    /// multiplications become four.
    /// </summary>
    private PackedUpsampling Upsampling(string name, int width)
    {
        var source = Weights(name, width, width, kernelSize: 3);
        float WeightOf(int phase, int output, int input, int row, int column)
        {
            var (rows, columns) = (MergedTaps(phase / 2, row), MergedTaps(phase % 2, column));
            var window = source + ((((long)output * width) + input) * 9);
            var sum = 0.0;
            for (var y = rows.First; y <= rows.Last; y++)
            {
                for (var x = columns.First; x <= columns.Last; x++)
                {
                    sum += window[(3 * y) + x];
                }
            }

            return (float)sum;
        }

        return new PackedUpsampling(PackedConvolution.Pack(width, width, kernelSize: 2, phases: 4, lanes, WeightOf, Bias(name, width)));
    }

    /// <summary>Returns the rows (or columns) of the 3x3 window that read the same pixel of the small map.</summary>
    private static (int First, int Last) MergedTaps(int phase, int tap) => (phase, tap) switch
    {
        (0, 0) => (0, 0),
        (0, 1) => (1, 2),
        (1, 0) => (0, 1),
        _ => (2, 2),
    };

    private PackedConvolution Convolution(string name, int outputs, int inputs, int kernelSize)
    {
        var source = Weights(name, outputs, inputs, kernelSize);
        return PackedConvolution.Pack(
            outputs,
            inputs,
            kernelSize,
            phases: 1,
            lanes,
            (_, output, input, row, column) => source[(((((long)output * inputs) + input) * kernelSize) + row) * kernelSize + column],
            Bias(name, outputs));
    }

    private PackedNorm Norm(string name, int width) => new(width, weights.Copy($"{name}.weight", width), weights.Copy($"{name}.bias", width));

    private NativeBuffer Codewords()
    {
        var codewords = weights.Copy("quantize.embedding.weight", config.CodebookSize, config.CodewordWidth);
        for (var token = 0; config.NormalizeCodewords && token < config.CodebookSize; token++)
        {
            var codeword = new Span<float>(codewords.Floats + ((long)token * config.CodewordWidth), config.CodewordWidth);
            var squares = 0.0;
            foreach (var value in codeword)
            {
                squares += value * (double)value;
            }

            var length = Math.Max((float)Math.Sqrt(squares), MinNorm);
            foreach (ref var value in codeword)
            {
                value /= length;
            }
        }

        return codewords;
    }

    private float* Weights(string name, int outputs, int inputs, int kernelSize) =>
        WeightSource.Start(weights.Read($"{name}.weight", outputs, inputs, kernelSize, kernelSize));

    private float[] Bias(string name, int outputs) => weights.Read($"{name}.bias", outputs).data<float>().ToArray();
}
