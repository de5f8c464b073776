using System.Text;
using System.Xml;
using CtfService.Core.Models;

namespace CtfService.Model.Imaging.Containers;

/// <summary>
/// Reads and writes the metadata that image tools use (XMP, ISO 16684-1): the software, the origin from a trained model (IPTC digital source type), and our
/// provenance in its own namespace.
/// </summary>
internal static class XmpPacket
{
    private const string Meta = "adobe:ns:meta/";
    private const string Rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
    private const string Basic = "http://ns.adobe.com/xap/1.0/";
    private const string Iptc = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
    private const string SourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/";

    /// <summary>A name, not a URL to fetch.</summary>
    private const string Own = "urn:ctf-service:provenance:1.0";

    private const string OwnElement = "provenance";

    private static readonly XmlReaderSettings HostileXml = new()
    {
        DtdProcessing = DtdProcessing.Prohibit, // no entities, so no entity expansion
        XmlResolver = null,
        MaxCharactersInDocument = ContainerBytes.MaxTextBytes,
    };

    /// <param name="json">The provenance, as <see cref="FindProvenance(string?)"/> returns it.</param>
    public static string Create(ImageProvenance provenance, string json)
    {
        var packet = new StringBuilder("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"); // both values are fixed by the standard
        using (var xml = XmlWriter.Create(packet, new XmlWriterSettings { OmitXmlDeclaration = true, ConformanceLevel = ConformanceLevel.Fragment }))
        {
            xml.WriteStartElement("x", "xmpmeta", Meta);
            xml.WriteStartElement("rdf", "RDF", Rdf);
            xml.WriteStartElement("rdf", "Description", Rdf);
            xml.WriteAttributeString("rdf", "about", Rdf, "");
            xml.WriteElementString("xmp", "CreatorTool", Basic, provenance.Software);
            xml.WriteElementString("Iptc4xmpExt", "DigitalSourceType", Iptc, SourceTypes + SourceType(provenance.Layout));
            xml.WriteElementString("ctf", OwnElement, Own, json);
            xml.WriteEndElement();
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return packet.Append("<?xpacket end=\"r\"?>").ToString();
    }

    /// <summary>Returns the JSON that <see cref="Create"/> was given, even if a tool has rewritten the packet; null if it is missing.</summary>
    /// <param name="packet">A packet in UTF-8, or empty.</param>
    /// <exception cref="InvalidDataException">The packet is not XML, or is too long.</exception>
    public static string? FindProvenance(ReadOnlySpan<byte> packet) =>
        packet.IsEmpty ? null : FindProvenance(Encoding.UTF8.GetString(ContainerBytes.Text(packet, "XMP packet")));

    /// <inheritdoc cref="FindProvenance(ReadOnlySpan{byte})"/>
    /// <param name="packet">A packet, or null.</param>
    public static string? FindProvenance(string? packet)
    {
        if (packet is null)
        {
            return null;
        }

        try
        {
            using var xml = XmlReader.Create(new StringReader(packet.TrimStart('\uFEFF')), HostileXml);
            while (xml.Read())
            {
                if (xml.NodeType == XmlNodeType.Element && (xml.GetAttribute(OwnElement, Own) ?? Element(xml)) is { } json)
                {
                    return json;
                }
            }

            return null;
        }
        catch (XmlException error)
        {
            throw new InvalidDataException($"its XMP packet is damaged: {error.Message}", error);
        }
    }

    private static string? Element(XmlReader xml) => xml.LocalName == OwnElement && xml.NamespaceURI == Own ? xml.ReadElementContentAsString() : null;

    /// <summary>Returns the term of the IPTC vocabulary.</summary>
    private static string SourceType(LayoutOrigin layout) =>
        layout is LayoutOrigin.Encoded or LayoutOrigin.Edited ? "compositeWithTrainedAlgorithmicMedia" : "trainedAlgorithmicMedia";
}
