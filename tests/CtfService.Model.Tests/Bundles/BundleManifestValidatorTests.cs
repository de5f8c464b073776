using CtfService.Core.Generation;
using CtfService.Model.Bundles;

namespace CtfService.Model.Tests.Bundles;

public sealed class BundleManifestValidatorTests
{
    private static readonly BundleManifest Sound = TinyManifest.Create();

    public static TheoryData<string, Func<BundleManifest, BundleManifest>> Inconsistencies => new()
    {
        { "name is empty", sound => sound with { Name = " " } },
        { "class_labels: Class name 'Apple' occurs twice", sound => sound with { ClassLabels = ["apple", "pear", "Apple"] } },
        { "class_labels or wordnet_ids contains an empty name", sound => sound with { ClassLabels = ["apple", "pear", ""] } },
        { "coarse.class_count is 3, but the number of class_labels is 2", sound => sound with { ClassLabels = ["apple", "pear"] } },
        { "image_width is 5, but coarse.grid_width times the tokenizer's factor of 2 is 4", sound => sound with { ImageWidth = 5 } },
        { "image_height is 4, but coarse.grid_height times the tokenizer's factor of 2 is 8", sound => sound with { ImageHeight = 4 } },
        { "fine.grid_width times the tokenizer's factor of 2 is 6", sound => sound with { Fine = sound.Fine! with { GridWidth = 3 } } },
        { "coarse.output_vocabulary is 9, but cluster_count is 8", sound => sound with { Coarse = sound.Coarse with { OutputVocabulary = 9 } } },
        { "coarse.input_vocabulary is 9, but cluster_count is 8", sound => sound with { Coarse = sound.Coarse with { InputVocabulary = 9 } } },
        { "fine.input_vocabulary is 64, but cluster_count is 8", sound => sound with { Fine = sound.Fine! with { InputVocabulary = 64 } } },
        { "fine.output_vocabulary is 8, but the codebook size is 64", sound => sound with { Fine = sound.Fine! with { OutputVocabulary = 8 } } },
        { "fine.class_count is 4, but the number of class_labels is 3", sound => sound with { Fine = sound.Fine! with { ClassCount = 4 } } },
        { "cluster_count is 8, but the codebook size, as there is no fine stage is 64", sound => sound with { Fine = null } },
        { "cluster_count is 65, expected 1 to the codebook size of 64", sound => sound with { ClusterCount = 65 } },
        { "coarse.causal is false", sound => sound with { Coarse = sound.Coarse with { Causal = false } } },
        { "fine.causal is true", sound => sound with { Fine = sound.Fine! with { Causal = true } } },
        {
            "coarse.width is 16 and coarse.heads is 3, expected a width that is a multiple of 4 times the heads, such as 12 or 24",
            sound => sound with { Coarse = sound.Coarse with { Heads = 3 } }
        },
        {
            "coarse.width is 16 and coarse.heads is 8, expected a width that is a multiple of 4 times the heads, such as 32",
            sound => sound with { Coarse = sound.Coarse with { Heads = 8 } }
        },
        { "fine.heads is 0, expected 1 to 65536", sound => sound with { Fine = sound.Fine! with { Heads = 0 } } },
        { "coarse.layers is 0, expected 1 to 1000", sound => sound with { Coarse = sound.Coarse with { Layers = 0 } } },
        { "coarse.dropout is 1, expected 0 to below 1", sound => sound with { Coarse = sound.Coarse with { Dropout = 1 } } },
        { "tokenizer.base_width is 48, expected a multiple of 32", sound => sound with { Tokenizer = sound.Tokenizer with { BaseWidth = 48 } } },
        {
            "tokenizer.encoder_multipliers has 2 levels and tokenizer.decoder_multipliers 1",
            sound => sound with { Tokenizer = sound.Tokenizer with { DecoderMultipliers = [1] } }
        },
        {
            "tokenizer.encoder_multipliers contains 0, expected 1 to 256 each",
            sound => sound with { Tokenizer = sound.Tokenizer with { EncoderMultipliers = [1, 0] } }
        },
        { "sampling.coarse.temperature is -1", sound => sound with { Sampling = sound.Sampling with { Coarse = new SamplingSettings(-1) } } },
        { "sampling.fine.top_p is 2", sound => sound with { Sampling = sound.Sampling with { Fine = new SamplingSettings(TopP: 2) } } },
        { "sampling.fine.top_k is -1", sound => sound with { Sampling = sound.Sampling with { Fine = new SamplingSettings(TopK: -1) } } },
        { "sampling.coarse.guidance_scale is 0", sound => sound with { Sampling = sound.Sampling with { Coarse = new SamplingSettings(GuidanceScale: 0) } } },
        { "evaluation.seeds is empty or has a seed twice", sound => Recorded(sound, evaluation => evaluation with { Seeds = [1, 1] }) },
        {
            "evaluation.formats has 'int8' twice",
            sound => Recorded(sound, evaluation => evaluation with { Formats = [.. evaluation.Formats, evaluation.Formats[^1]] })
        },
        {
            "evaluation.formats: fid of 'int8' is -1, expected 0 or more",
            sound => Recorded(sound, evaluation => evaluation with { Formats = [new FormatFigures("int8", -1, null, 1, null)] })
        },
        {
            "evaluation.formats: class_accuracy of 'int8' is 98.3, expected 0 to 1",
            sound => Recorded(sound, evaluation => evaluation with { Formats = [new FormatFigures("int8", 0, null, 98.3, null)] })
        },
    };

    [Fact]
    public void Problems_ValidManifest_IsEmpty()
    {
        Assert.Empty(BundleManifestValidator.Problems(Sound));
        Assert.Empty(BundleManifestValidator.Problems(TinyManifest.CreatePlain()));
    }

    [Theory]
    [MemberData(nameof(Inconsistencies))]
    public void Problems_Inconsistency_IsNamed(string expected, Func<BundleManifest, BundleManifest> breakIt) =>
        Assert.Contains(BundleManifestValidator.Problems(breakIt(Sound)), problem => problem.Contains(expected, StringComparison.Ordinal));

    private static BundleManifest Recorded(BundleManifest sound, Func<BundleEvaluation, BundleEvaluation> change) =>
        sound with { Evaluation = change(RecordedManifest.Of(sound).Evaluation!) };
}
