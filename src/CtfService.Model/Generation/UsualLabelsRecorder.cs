using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;

namespace CtfService.Model.Generation;

/// <summary>Adds usual labels to the bundle whose labels were counted, or replaces those that it has.</summary>
public static class UsualLabelsRecorder
{
    /// <summary>Replaces the folder as a whole. The hash of the bundle, its other files and its recorded evaluation stay.</summary>
    /// <param name="counted">The bundle whose labels were counted.</param>
    /// <exception cref="CheckpointException">The bundle in the folder is damaged, or not the one whose labels were counted; nothing was changed.</exception>
    public static Bundle Record(Bundle counted, UsualLabels usual)
    {
        var directory = counted.Directory;
        var found = BundleReader.Open(directory);
        if (found.Hash != counted.Hash)
        {
            throw new CheckpointException(
                $"{directory}: is not the bundle whose labels were counted: its hash is {found.Hash}, and that of the counted one {counted.Hash}. "
                + "Nothing was changed. Count the labels of the bundle that is there now.");
        }

        return BundleWriter.Replace(directory, next =>
        {
            foreach (var name in BundleFiles.Of(found.Manifest))
            {
                File.Copy(Path.Combine(directory, name), Path.Combine(next, name));
            }

            usual.Save(Path.Combine(next, BundleFiles.UsualLabels));
            return found.Manifest;
        });
    }
}
