import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;

/** Prints what keeps each ontology file given from OWL 2 DL, by the OWL API: the name of the file, a tab, the violation. */
class Profile {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            var ontology = OWLManager.createOWLOntologyManager().loadOntologyFromOntologyDocument(new File(file));
            for (OWLProfileViolation each : new OWL2DLProfile().checkOntology(ontology).getViolations()) {
                System.out.println(file + "\t" + each.toString().replaceAll("\\s+", " "));
            }
            System.out.println(file + "\t" + ontology.getAxiomCount() + " axioms");
        }
    }
}
