using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;

namespace CtfService.Training.Parts;

/// <summary>Rejects parts that do not belong together, before they are packed.</summary>
internal static class PartsValidator
{
    /// <summary>Compares the records of the parts; the decoder may be any decoder of the tokenizer.</summary>
    /// <exception cref="CheckpointException">Parts do not belong together; the message names all differences with both values.</exception>
    public static void Require(TrainedParts parts, ClusterMap map)
    {
        using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(parts.Tokenizer, config => new VqTokenizer(config));
        var both = PartRecord.Of(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer)).With(PartRecord.ClusterMap, ClusterMapIdentity.Of(map));
        List<string> problems =
        [
            .. ClusterMapValidator.Difference(PartRecord.Read(parts.ClusterMap), map, tokenizer) is { } difference
                ? [Text(parts.ClusterMap, [difference], "Cluster the codewords again with 'ctf cluster --overwrite', and train both stages with that map.")]
                : Array.Empty<string>(),
            .. Problem(parts.Coarse, both, "Train it again with 'ctf train-coarse --overwrite'."),
        ];
        if (!map.IsIdentity)
        {
            problems.AddRange(Problem(parts.Fine, both, "Train it again with 'ctf train-fine --overwrite'."));
            if (problems.Count == 0
                && PartRecord.Read(parts.Coarse) is { } coarse
                && PartRecord.Read(parts.Fine) is { } fine
                && RunValidator.Shared(fine, coarse) is { Count: > 0 } differences)
            {
                problems.Add(
                    $"{parts.Fine} and {parts.Coarse} were made from different inputs:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                    + "Train one of them again with --overwrite.");
            }
        }

        if (problems.Count > 0)
        {
            throw new CheckpointException(
                $"The parts do not belong together:{Environment.NewLine}{string.Join(Environment.NewLine, problems)}{Environment.NewLine}"
                + "Or restore the part that was replaced.");
        }
    }

    private static IEnumerable<string> Problem(string path, PartRecord now, string remedy)
    {
        string[] names = [PartRecord.Tokenizer, PartRecord.ClusterMap];
        if (PartRecord.Read(path)?.Only(names).Differences(now) is { Count: > 0 } differences)
        {
            yield return Text(path, differences, remedy);
        }
    }

    private static string Text(string path, IEnumerable<RecordDifference> differences, string remedy) =>
        $"{path} was made from other inputs:{RecordDifference.Lines(differences)}{Environment.NewLine}{remedy}";
}
