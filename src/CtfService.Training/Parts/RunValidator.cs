using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;

namespace CtfService.Training.Parts;

/// <summary>
/// Rejects parts of a run that were made from other inputs, before the images are read. Each message has both values and the remedies.
/// </summary>
/// <param name="note">Receives notes on what cannot be checked and on parts that have to be trained again.</param>
public sealed class RunValidator(Action<string> note)
{
    /// <summary>Returns the requested image size, or else that of the tokenizer.</summary>
    /// <param name="assumed">Size that is assumed if neither is known, pixels.</param>
    public int ImageSize(string tokenizerPath, int? requested, int assumed)
    {
        if (requested is { } size)
        {
            return size;
        }

        if (PartRecord.Read(tokenizerPath)?.PixelsOfImages is { } own)
        {
            return own;
        }

        note(
            $"{tokenizerPath}: does not record the image size that it was trained with, as files of earlier versions do not. "
            + $"Assuming {assumed} pixels; specify another size with --image-size.");
        return assumed;
    }

    /// <summary>Throws if the tokenizer was trained on other images. A published tokenizer is meant for all images.</summary>
    /// <param name="now">Images and image size of the training that is about to start.</param>
    /// <param name="accept">Whether the tokenizer is meant for these images too.</param>
    /// <exception cref="CheckpointException">The tokenizer was trained on other images.</exception>
    public void RequireImages(string tokenizerPath, PartRecord now, bool accept)
    {
        if (!accept
            && Known(tokenizerPath) is { } there
            && there[PartRecord.ImportedFrom] is null
            && there.Only(PartRecord.Data, PartRecord.ImageSize).Differences(now.Only(PartRecord.Data, PartRecord.ImageSize)) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{tokenizerPath}: was trained on other images than these:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Specify its own images with --data and --image-size, or train a tokenizer on these in another folder (--run), "
                + "or, if this tokenizer is meant for them too, add --accept-changes.");
        }
    }

    /// <summary>Throws if the cluster map does not belong to the tokenizer.</summary>
    /// <exception cref="CheckpointException">The map belongs to another tokenizer.</exception>
    public static void RequireMap(string mapPath, ClusterMap map, VqTokenizer tokenizer)
    {
        if (ClusterMapValidator.Difference(PartRecord.Read(mapPath), map, tokenizer) is { } difference)
        {
            throw new CheckpointException(
                $"{mapPath}: belongs to another tokenizer:{RecordDifference.Lines([difference])}{Environment.NewLine}"
                + "Cluster the codewords of this one with 'ctf cluster --overwrite', or restore the other tokenizer, or choose another folder with --run.");
        }
    }

    /// <summary>Throws if the coarse stage does not belong to the fine stage that is about to be trained.</summary>
    /// <param name="now">What the fine stage will be made from.</param>
    /// <exception cref="CheckpointException">The coarse stage was made from other inputs.</exception>
    public void RequireCoarse(string coarsePath, PartRecord now)
    {
        if (File.Exists(coarsePath) && Known(coarsePath) is { } there && Shared(there, now) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{coarsePath}: was made from other inputs than the fine stage would be:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Specify the inputs that it was made from, or train it again with 'ctf train-coarse --overwrite', or choose another folder with --run.");
        }
    }

    /// <summary>Throws if the tokens of the run, and so their class names, are not those that the coarse stage was trained on.</summary>
    /// <exception cref="CheckpointException">The coarse stage was trained on other tokens.</exception>
    public void RequireTokens(string tokensPath, PartRecord tokens, string coarsePath)
    {
        string[] names = [PartRecord.Data, PartRecord.ImageSize, PartRecord.Tokenizer];
        if (Known(coarsePath)?.Only(names).Differences(tokens.Only(names)) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{coarsePath}: was made from other inputs than {tokensPath}:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Train it again with 'ctf train-coarse --overwrite', or run 'ctf train-coarse --resume' with the images that it was made from.");
        }
    }

    /// <summary>Notes a fine stage that has to be trained again.</summary>
    public void NoteFine(string finePath, PartRecord now)
    {
        if (File.Exists(finePath) && PartRecord.Read(finePath) is { } there && Shared(there, now) is { Count: > 0 } differences)
        {
            note($"{finePath}: does not belong to this coarse stage and has to be trained again:{RecordDifference.Lines(differences)}");
        }
    }

    /// <summary>Throws if a stage was trained with another cluster map, which would be lost.</summary>
    /// <exception cref="CheckpointException">A stage was; the message names it.</exception>
    public static void RequireMapOf(IEnumerable<string> stagePaths, ClusterMap map)
    {
        if (stagePaths.FirstOrDefault(stage => HasOtherMap(stage, map)) is { } stage)
        {
            throw new CheckpointException(
                $"{stage}: was trained with another cluster map, which this one would replace, and would have to be trained again. "
                + "Use the same --clusters and --seed as before, choose another folder with --run, or add --overwrite to replace the map.");
        }
    }

    /// <summary>Notes the stages that were trained with another cluster map than the one that the run has now.</summary>
    public void NoteOtherMap(IEnumerable<string> stagePaths, ClusterMap map)
    {
        foreach (var stage in stagePaths.Where(stage => HasOtherMap(stage, map)))
        {
            note($"{stage}: was trained with the previous cluster map and has to be trained again.");
        }
    }

    private static bool HasOtherMap(string stagePath, ClusterMap map) =>
        File.Exists(stagePath) && PartRecord.Read(stagePath)?.Only([PartRecord.ClusterMap]) is { } there
        && there.Differences(PartRecord.Of(PartRecord.ClusterMap, ClusterMapIdentity.Of(map))).Count > 0;

    /// <summary>Returns the differences in what both stages of a model must share.</summary>
    internal static IReadOnlyList<RecordDifference> Shared(PartRecord there, PartRecord now)
    {
        string[] names = [PartRecord.Data, PartRecord.ImageSize, PartRecord.Tokenizer, PartRecord.ClusterMap];
        return there.Only(names).Differences(now.Only(names));
    }

    private PartRecord? Known(string path)
    {
        var record = PartRecord.Read(path);
        if (record is null)
        {
            note($"{path}: has no record of what it was made from, as files of earlier versions do not, so nothing can be compared.");
        }

        return record;
    }
}
